/** Draws a relightable picture with WebGL 1 or 2. Formulas: `relit`, `relief` and `gloss` of heirloom.pathways.condition.rti. */
import { vector, weights, type Light } from "./light";
import type { Info } from "./planes";
import type { View } from "./view";

export const LAYERS = ["colour", "relief", "gloss", "normals"] as const;
export type Layer = (typeof LAYERS)[number];
type Context = WebGLRenderingContext | WebGL2RenderingContext;

const VERTEX = `
attribute vec2 corner;
uniform vec4 place;
varying vec2 at;
void main() {
  at = corner;
  gl_Position = vec4((place.xy + corner * place.zw) * vec2(2.0, -2.0) + vec2(-1.0, 1.0), 0.0, 1.0);
}`;

const FRAGMENT = `
precision highp float;
varying vec2 at;
uniform sampler2D colour, first, second, third, normals;
uniform vec3 weights[3];
uniform float constant, strength;
uniform vec3 light;
uniform int layer;
void main() {
  float lit = constant + dot(weights[0], texture2D(first, at).rgb) + dot(weights[1], texture2D(second, at).rgb)
    + dot(weights[2], texture2D(third, at).rgb);
  vec3 shown = texture2D(colour, at).rgb * lit;
  vec3 normal = normalize(texture2D(normals, at).rgb * 2.0 - 1.0);
  if (layer == 1) {
    vec3 steep = normalize(vec3(normal.xy * strength, max(normal.z, 0.05)));
    shown = vec3(pow(max(dot(steep, light), 0.0), 1.0 / 2.2));
  } else if (layer == 2) {
    vec3 halfway = normalize(light + vec3(0.0, 0.0, 1.0));
    shown = 0.5 * shown + 0.6 * pow(max(dot(normal, halfway), 0.0), 10.0 * strength);
  } else if (layer == 3) {
    shown = normal * 0.5 + 0.5;
  }
  gl_FragColor = vec4(clamp(shown, 0.0, 1.0), 1.0);
}`;

export class Drawing {
  readonly #gl: Context;
  readonly #place: WebGLUniformLocation | null;
  readonly #uniform: (name: string) => WebGLUniformLocation | null;
  readonly #info: Info;

  /** Throws where the device cannot. */
  constructor(canvas: HTMLCanvasElement, info: Info, pictures: readonly ImageBitmap[], gl = context(canvas)) {
    this.#gl = gl;
    this.#info = info;
    const program = linked(gl);
    gl.useProgram(program);
    this.#uniform = (name) => gl.getUniformLocation(program, name);
    this.#place = this.#uniform("place");
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]), gl.STATIC_DRAW);
    const corner = gl.getAttribLocation(program, "corner");
    gl.enableVertexAttribArray(corner);
    gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
    for (const [unit, name] of ["colour", "first", "second", "third", "normals"].entries()) {
      gl.uniform1i(this.#uniform(name), unit);
      this.#texture(unit, pictures[unit] ?? null);
    }
  }

  /** The normals, where a layer needs them. */
  addNormals(picture: ImageBitmap): void {
    this.#texture(4, picture);
  }

  draw(view: View, light: Light, layer: Layer, strength: number): void {
    const gl = this.#gl;
    const { width, height } = gl.canvas;
    const info = this.#info;
    const direction = vector(light);
    const base = weights(info.basis, direction).map((one, k) => one * info.scale[k]!);
    const three = new Float32Array(9);
    three.set(base);
    gl.viewport(0, 0, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform4f(this.#place, view.x / width, view.y / height, (info.width * view.scale) / width, (info.height * view.scale) / height);
    gl.uniform3fv(this.#uniform("weights"), three);
    gl.uniform1f(this.#uniform("constant"), -base.reduce((sum, one, k) => sum + one * info.bias[k]!, 0));
    gl.uniform3f(this.#uniform("light"), ...direction);
    gl.uniform1f(this.#uniform("strength"), strength);
    gl.uniform1i(this.#uniform("layer"), LAYERS.indexOf(layer));
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  /** Gives the device's memory back. */
  end(): void {
    this.#gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  #texture(unit: number, picture: ImageBitmap | null): void {
    const gl = this.#gl;
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    // Where there is none: a surface that faces the reader; as a plane it counts for nothing.
    if (picture) gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, picture);
    else gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 1, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array([128, 128, 255, 255]));
    const small = "drawBuffers" in gl && picture; // WebGL 1 has no smaller copies of pictures of any size
    if (small) gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, small ? gl.LINEAR_MIPMAP_LINEAR : gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    picture?.close();
  }
}

/** A context of either version; throws where there is none. */
export function context(canvas: HTMLCanvasElement): Context {
  const wish: WebGLContextAttributes = { alpha: true, antialias: false, depth: false, powerPreference: "low-power" };
  const gl = canvas.getContext("webgl2", wish) ?? canvas.getContext("webgl", wish);
  if (!gl) throw new Error("no WebGL");
  return gl;
}

function linked(gl: Context): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "the shader was refused");
  return program;
}
