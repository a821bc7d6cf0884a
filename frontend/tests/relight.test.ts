import { describe, expect, it } from "vitest";
import { above, light, moved, vector, weights } from "../src/relight/light";
import { parse } from "../src/relight/planes";
import { kept, middle, nearer, whole } from "../src/relight/view";

describe("the light", () => {
  it("turns clockwise from the top and stays over the surface", () => {
    expect(light(-5, 3)).toEqual({ turn: 355, height: 10 });
    expect(light(725, 120)).toEqual({ turn: 5, height: 90 });
    const [x, y, z] = vector({ turn: 90, height: 30 });
    expect([x, y, z]).toEqual([expect.closeTo(Math.sqrt(3) / 2), expect.closeTo(0), expect.closeTo(0.5)]);
  });

  it("stands where the round control was touched, and comes back to the same place", () => {
    expect(above(0, 0.5, light(0, 90))).toEqual({ turn: 0, height: 60 });
    expect(above(-3, 0, light(0, 90))).toEqual({ turn: 270, height: 10 });
    expect(above(0, 0, light(123, 20))).toEqual({ turn: 123, height: 90 });
    for (const turn of [0, 45, 200, 359]) {
      const [x, y] = vector(light(turn, 40));
      expect(above(x, y, light(7, 7))).toEqual({ turn, height: 40 });
    }
  });

  it("moves by keys, in small steps with Shift", () => {
    expect(moved("ArrowLeft", false, light(2, 40))).toEqual({ turn: 357, height: 40 });
    expect(moved("ArrowUp", true, light(2, 40))).toEqual({ turn: 2, height: 41 });
    expect(moved("a", false, light(2, 40))).toBeNull();
  });

  it("weighs the planes by the published functions", () => {
    expect(weights("ptm", [0.36, 0.48, 0.8])).toEqual([1, 0.36, 0.48, 0.36 ** 2, 0.36 * 0.48, 0.48 ** 2]);
    const up = weights("hsh", [0, 0, 1]);
    expect(up[0]).toBeCloseTo(0.398942, 6);
    expect(up[2]).toBeCloseTo(0.690988, 6);
    expect(up[6]).toBeCloseTo(0.892062, 6);
  });
});

describe("the planes", () => {
  const info = {
    width: 30, height: 20, type: "ptm", colorspace: "lrgb", nplanes: 9,
    materials: [{ scale: [1, 1, 1, 2, 2, 2, 2, 2, 2], bias: [0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5] }],
  };

  it("are read from their description, and refused where they are drawn otherwise", () => {
    expect(parse(info)).toMatchObject({ basis: "ptm", pictures: 3, scale: [2, 2, 2, 2, 2, 2] });
    for (const wrong of [{ type: "rbf" }, { colorspace: "mrgb" }, { nplanes: 12 }, { width: "x" }, { materials: [] }]) {
      expect(() => parse({ ...info, ...wrong })).toThrow();
    }
  });
});

describe("the view", () => {
  const picture = { width: 300, height: 200 };
  const canvas = { width: 151, height: 151 };

  it("starts with the whole picture in the middle", () => {
    const view = whole(picture, canvas);
    expect(view.scale).toBeCloseTo(151 / 300);
    expect([view.x, view.y]).toEqual([0, 25]);
    expect(middle(picture, canvas, 1)).toEqual({ x: -75, y: -25, scale: 1 });
  });

  it("comes nearer around a point and never loses the picture", () => {
    const view = middle(picture, canvas, 1);
    const near = nearer(view, 2, 100, 60, picture, canvas);
    expect((100 - near.x) / near.scale).toBeCloseTo(100 - view.x, 0);
    expect((60 - near.y) / near.scale).toBeCloseTo(60 - view.y, 0);
    expect(kept({ x: 500, y: -5000, scale: 1 }, picture, canvas)).toEqual({ x: 0, y: -49, scale: 1 });
    expect(nearer(view, 1e9, 0, 0, picture, canvas).scale).toBe(8);
    expect(nearer(view, 1e-9, 0, 0, picture, canvas).scale).toBeCloseTo(whole(picture, canvas).scale);
  });
});
