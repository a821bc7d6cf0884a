// Draws land outlines from Natural Earth (public domain, through the npm package world-atlas):
//   land-110m.svg  the world in Equal Earth, frame 0 0 WIDTH HEIGHT (scripts/projection.mjs)
//   land-50m.svg   plain degrees x 100 (x = longitude, y = -latitude) for maps of a region; the page scales y by 1/cos(latitude)
// Pages refer to them with <use href="...#land">, so that one cached file serves every map and takes the page's colours.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { feature } from "topojson-client";
import { CENTRE, HEIGHT, WIDTH, project } from "./projection.mjs";

const require = createRequire(import.meta.url);
const out = new URL("../.generated/map/", import.meta.url);
mkdirSync(out, { recursive: true });

function rings(file) {
  const topology = JSON.parse(readFileSync(require.resolve(`world-atlas/${file}.json`), "utf8"));
  const land = feature(topology, topology.objects.land);
  const geometries = land.type === "FeatureCollection" ? land.features.map((f) => f.geometry) : [land.geometry];
  const polygons = geometries.flatMap((g) => (g.type === "Polygon" ? [g.coordinates] : g.coordinates));
  // Antarctica is left out: no place of this map lies there and its ring runs along the edge of the projection.
  return polygons.flat().filter((ring) => Math.max(...ring.map((point) => point[1])) > -60).map(unwrap);
}

/** A ring across the date line jumps by 360 degrees in the source; here it runs on beyond 180. */
function unwrap(ring) {
  let turn = 0;
  return ring.map(([longitude, latitude], i) => {
    const step = i > 0 ? longitude - ring[i - 1][0] : 0;
    if (step > 180) turn -= 360;
    if (step < -180) turn += 360;
    return [longitude + turn, latitude];
  });
}

function path(points, closeBelow) {
  const corners = [];
  for (const [x, y] of points) {
    const corner = [Math.round(x), Math.round(y)];
    const last = corners.at(-1);
    if (!last || last[0] !== corner[0] || last[1] !== corner[1]) corners.push(corner);
  }
  if (corners.length < closeBelow) return "";
  let d = `M${corners[0][0]} ${corners[0][1]}l`;
  for (let i = 1; i < corners.length - 1; i++) {
    const step = `${corners[i][0] - corners[i - 1][0]} ${corners[i][1] - corners[i - 1][1]}`;
    d += (i > 1 ? " " : "") + step;
  }
  return d.replaceAll(" -", "-") + "z";
}

/** Douglas-Peucker on an open line; tolerance in the points' units. */
function simplify(points, tolerance) {
  if (points.length < 5) return points;
  const keep = new Uint8Array(points.length);
  const far = Math.floor(points.length / 2);
  keep[0] = keep[far] = keep[points.length - 1] = 1;
  const spans = [[0, far], [far, points.length - 1]];
  while (spans.length > 0) {
    const [from, to] = spans.pop();
    const [ax, ay] = points[from];
    const [bx, by] = points[to];
    const length = Math.hypot(bx - ax, by - ay);
    let worst = 0;
    let at = -1;
    for (let i = from + 1; i < to; i++) {
      const [px, py] = points[i];
      const distance = length === 0 ? Math.hypot(px - ax, py - ay) : Math.abs((bx - ax) * (ay - py) - (ax - px) * (by - ay)) / length;
      if (distance > worst) [worst, at] = [distance, i];
    }
    if (worst > tolerance) {
      keep[at] = 1;
      spans.push([from, at], [at, to]);
    }
  }
  return points.filter((_, i) => keep[i]);
}

const svg = (viewBox, d) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${viewBox}"><path id="land" d="${d}"/></svg>\n`;

/** The ring as a whole on one side of the cut, 180 degrees away from the meridian in the middle. */
function onOneSide(ring, centre) {
  const middle = ring.reduce((sum, point) => sum + point[0], 0) / ring.length;
  const turn = -360 * Math.round((middle - centre) / 360);
  return ring.map(([longitude, latitude]) => [longitude + turn, latitude]);
}

const world = rings("land-110m").map((ring) => path(onOneSide(ring, CENTRE).map(([longitude, latitude]) => {
  const near = Math.min(Math.max(longitude, CENTRE - 180), CENTRE + 180);
  return project(near, latitude);
}), 4));
writeFileSync(new URL("land-110m.svg", out), svg(`0 0 ${WIDTH} ${HEIGHT}`, world.join("")));

const region = rings("land-50m").map((ring) => path(simplify(onOneSide(ring, 0).map(([lon, lat]) => [lon * 100, -lat * 100]), 6), 5));
writeFileSync(new URL("land-50m.svg", out), svg("-18000 -9000 36000 15000", region.join("")));
