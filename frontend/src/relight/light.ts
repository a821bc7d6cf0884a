/** Where the light is: two angles for people, a unit vector and the basis functions of the planes for the shader. */

/** `turn`: degrees clockwise from the top of the picture; `height`: degrees above the surface. */
export interface Light {
  turn: number;
  height: number;
}

export type Vector = readonly [number, number, number];
export type Basis = "ptm" | "hsh";

/** Lower than this no dome has lights, and the fitted functions only guess. */
export const LOWEST = 10;
const RADIANS = Math.PI / 180;

/** The light with its angles in their ranges. */
export function light(turn: number, height: number): Light {
  return { turn: ((Math.round(turn) % 360) + 360) % 360, height: Math.min(90, Math.max(LOWEST, Math.round(height))) };
}

/** Unit vector to the light: x right, y up, z to the reader. */
export function vector({ turn, height }: Light): Vector {
  const flat = Math.cos(height * RADIANS);
  return [flat * Math.sin(turn * RADIANS), flat * Math.cos(turn * RADIANS), Math.sin(height * RADIANS)];
}

/** The light above a point of the round control, whose radius is 1, x right and y up; the middle keeps the turn of *before*. */
export function above(x: number, y: number, before: Light): Light {
  const far = Math.min(1, Math.hypot(x, y));
  return light(far < 0.02 ? before.turn : Math.atan2(x, y) / RADIANS, Math.acos(far) / RADIANS);
}

/** The light after a key on the control; null for any other key. */
export function moved(key: string, fine: boolean, { turn, height }: Light): Light | null {
  const step = fine ? 1 : 5;
  if (key === "ArrowRight") return light(turn + step, height);
  if (key === "ArrowLeft") return light(turn - step, height);
  if (key === "ArrowUp") return light(turn, height + step);
  if (key === "ArrowDown") return light(turn, height - step);
  if (key === "PageUp") return light(turn, height + 15);
  if (key === "PageDown") return light(turn, height - 15);
  return null;
}

/**
 * The basis functions in the order of the planes: six of a polynomial texture map (Malzbender, Gelb & Wolters 2001), or nine
 * hemispherical harmonics (Gautron, Krivanek, Pattanaik & Bouatouch 2004).
 */
export function weights(basis: Basis, [x, y, z]: Vector): number[] {
  if (basis === "ptm") return [1, x, y, x * x, x * y, y * y];
  const phi = Math.atan2(y, x);
  const t = Math.cos(Math.min(Math.acos(Math.min(1, Math.max(-1, z))), Math.PI / 2 - 0.15));
  const root = Math.sqrt(Math.max(t - t * t, 0));
  const first = Math.sqrt(6 / Math.PI);
  const second = Math.sqrt(30 / Math.PI);
  return [
    1 / Math.sqrt(2 * Math.PI),
    first * Math.cos(phi) * root,
    Math.sqrt(3 / (2 * Math.PI)) * (2 * t - 1),
    first * Math.sin(phi) * root,
    second * Math.cos(2 * phi) * (t * t - t),
    second * Math.cos(phi) * (2 * t - 1) * root,
    Math.sqrt(5 / (2 * Math.PI)) * (1 - 6 * t + 6 * t * t),
    second * Math.sin(phi) * (2 * t - 1) * root,
    second * Math.sin(2 * phi) * (t * t - t),
  ];
}
