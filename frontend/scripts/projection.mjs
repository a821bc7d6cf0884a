// Equal Earth (B. Savric, T. Patterson, B. Jenny, "The Equal Earth map projection", IJGIS 33(3), 2019), in the frame of our
// world outline. The server places its marks with the same formula: heirloom/web/templatetags/heirloom_ui.py, project().
const [A1, A2, A3, A4] = [1.340264, -0.081106, 0.000893, 0.003796];
const M = Math.sqrt(3) / 2;

/** Meridian in the middle of the map; 180 degrees away the cut falls into the Bering Strait. */
export const CENTRE = 11;
export const WIDTH = 2000;
const SCALE = WIDTH / (2 * Math.PI / (M * A1));
/** Parallels at the upper and lower edge of the frame. */
export const NORTH = 84;
export const SOUTH = -57;

function unit(longitude, latitude) {
  const theta = Math.asin(M * Math.sin((latitude * Math.PI) / 180));
  const t2 = theta * theta;
  const t6 = t2 * t2 * t2;
  return [
    ((longitude * Math.PI) / 180) * Math.cos(theta) / (M * (A1 + 3 * A2 * t2 + t6 * (7 * A3 + 9 * A4 * t2))),
    theta * (A1 + A2 * t2 + t6 * (A3 + A4 * t2)),
  ];
}

const TOP = unit(0, NORTH)[1] * SCALE;
export const HEIGHT = Math.round(TOP - unit(0, SOUTH)[1] * SCALE);

/** Degrees to the frame's units: x 0..WIDTH eastwards, y 0..HEIGHT downwards. */
export function project(longitude, latitude) {
  let east = longitude - CENTRE;
  if (east > 180) east -= 360;
  if (east < -180) east += 360;
  const [x, y] = unit(east, latitude);
  return [WIDTH / 2 + x * SCALE, TOP - y * SCALE];
}
