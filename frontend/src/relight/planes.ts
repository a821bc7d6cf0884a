/** The planes of a relightable picture in the layout of relight and OpenLIME: what info.json says, and the files. */
import type { Basis } from "./light";

export interface Info {
  width: number;
  height: number;
  basis: Basis;
  /** Of every coefficient plane: the value is `(byte / 255 - bias) * scale`. */
  scale: number[];
  bias: number[];
  /** How many pictures: the colour, and one for every three coefficients. */
  pictures: number;
}

/** Reads an info.json; throws for what is not drawn here. */
export function parse(value: unknown): Info {
  const info = value as Record<string, unknown>;
  const material = (info["materials"] as { scale: number[]; bias: number[] }[])[0];
  const { type, width, height, nplanes } = info;
  const count = type === "ptm" ? 6 : type === "hsh" ? 9 : 0;
  if (!count || info["colorspace"] !== "lrgb" || nplanes !== count + 3 || !material) throw new Error("not drawn here");
  const scale = material.scale.slice(3);
  const bias = material.bias.slice(3);
  const numbers = [width, height, ...scale, ...bias];
  if (scale.length !== count || bias.length !== count || !numbers.every((one) => Number.isFinite(one))) throw new Error("not drawn here");
  return { width: width as number, height: height as number, basis: type as Basis, scale, bias, pictures: 1 + count / 3 };
}

async function answer(url: string): Promise<Response> {
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`${response.status} ${url}`);
  return response;
}

export async function info(url: string): Promise<Info> {
  return parse(await (await answer(url)).json());
}

/** A picture's bytes as they are, no colour management; made smaller where *largest* pixels a side are exceeded. */
export async function picture(url: string, largest: number): Promise<ImageBitmap> {
  const blob = await (await answer(url)).blob();
  const plain: ImageBitmapOptions = { premultiplyAlpha: "none", colorSpaceConversion: "none" };
  const whole = await createImageBitmap(blob, plain);
  const share = largest / Math.max(whole.width, whole.height);
  if (share >= 1) return whole;
  const size = { resizeWidth: Math.round(whole.width * share), resizeHeight: Math.round(whole.height * share) };
  whole.close();
  return createImageBitmap(blob, { ...plain, ...size, resizeQuality: "high" });
}
