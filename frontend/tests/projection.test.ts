import { describe, expect, it } from "vitest";
import { CENTRE, HEIGHT, project, WIDTH } from "../scripts/projection.mjs";
import places from "./places.json";

describe("the world map", () => {
  it("is the one whose places the server computes", () => {
    // tests/web/test_frontend_maps.py reads the same file.
    for (const { lon, lat, x, y } of places) {
      const [gotX, gotY] = project(lon, lat);
      expect(gotX).toBeCloseTo(x, 1);
      expect(gotY).toBeCloseTo(y, 1);
    }
  });

  it("has its middle in the middle", () => {
    expect(project(CENTRE, 0)[0]).toBe(WIDTH / 2);
    expect(HEIGHT).toBeGreaterThan(800);
  });
});
