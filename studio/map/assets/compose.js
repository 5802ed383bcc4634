/**
 * Per-pixel facts and a budget to a picture: one full-screen pass, so its cost is pixels and not points (8-10 ms in software
 * WebGL at 960 x 640, whatever the number of points).
 *
 * Two ways with one look: a WebGL2 fragment shader, and where WebGL is missing the same arithmetic in a loop over a 2D canvas.
 * Both are a few lines of our own: libraries that draw scatter plots (regl-scatterplot, deck.gl) draw every point again for
 * each change of a point's state, which is what this picture avoids.
 *
 * Colour of a pixel: the background, under the pool's grey (or the pixel's class, paled), under the accent (or the class in
 * full). The grey is as opaque as points are dense. The accent follows the share of the points here that is kept, with a
 * least opacity that fades as the pixel fills: a kept point among a few others always shows, and where hundreds lie on each
 * other the picture says how many of them are kept.
 */

import { MARKED } from "./raster.js";

const VISIBLE = 0.6; // least opacity of the accent where at least one point is kept, for a lone pixel
const FADING = 0.12; // how fast that least opacity falls with the number of points
const STEEPNESS = 0.8; // below 1: small shares are lifted a little
const FAINTEST = 0.3; // opacity of a single point of the pool
const DENSEST = 0.85; // opacity of the pool where it is as crowded as it gets
const PALE = 0.4; // how much of its colour a class keeps where nothing is kept
const APART = 0.72; // how far what lies outside the reader's box or lasso goes back into the ground

const VERTEX = `#version 300 es
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
uniform usampler2D ranks;
uniform sampler2D low;
uniform sampler2D high;
uniform usampler2D classes;
uniform uint cut;
uniform float slices;      // how many of the eight slices lie below the cut, with a fraction
uniform float crowding;
uniform int rows;
uniform bool coloured;
uniform bool marked;
uniform vec3 background;
uniform vec3 pool;
uniform vec3 accent;
uniform vec3 palette[16];
out vec4 colour;
void main() {
  ivec2 at = ivec2(int(gl_FragCoord.x), rows - 1 - int(gl_FragCoord.y));
  vec4 first = texelFetch(low, at, 0) * 255.0;
  vec4 second = texelFetch(high, at, 0) * 255.0;
  float count = dot(first + second, vec4(1.0));
  if (count < 0.5) {
    colour = vec4(background, 1.0);
    return;
  }
  vec3 full = accent;
  vec3 quiet = pool;
  uint said = coloured || marked ? texelFetch(classes, at, 0).r : 0u;
  if (coloured) {
    full = palette[min(said & ${MARKED - 1}u, 15u)];
    quiet = mix(pool, full, ${PALE.toFixed(2)});
  }
  float density = min(1.0, log(1.0 + count) / log(1.0 + crowding));
  vec3 under = mix(background, quiet, mix(${FAINTEST.toFixed(2)}, ${DENSEST.toFixed(2)}, density));
  float share = 0.0;
  if (texelFetch(ranks, at, 0).r < cut) {
    float kept = dot(first, clamp(slices - vec4(0.0, 1.0, 2.0, 3.0), 0.0, 1.0))
      + dot(second, clamp(slices - vec4(4.0, 5.0, 6.0, 7.0), 0.0, 1.0));
    share = max(pow(clamp(kept / count, 0.0, 1.0), ${STEEPNESS.toFixed(2)}), ${VISIBLE.toFixed(2)} / (1.0 + ${FADING.toFixed(2)} * count));
  }
  vec3 seen = mix(under, full, share);
  if (marked && (said & ${MARKED}u) == 0u) {
    seen = mix(seen, background, ${APART.toFixed(2)});
  }
  colour = vec4(seen, 1.0);
}`;

function compile(gl, kind, text) {
  const shader = gl.createShader(kind);
  gl.shaderSource(shader, text);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
    throw new Error(`The map's shader does not compile here: ${gl.getShaderInfoLog(shader)}`);
  }
  return shader;
}

/** The picture by WebGL2. */
export class ShaderPicture {
  static on(canvas) {
    const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false, powerPreference: "low-power" });
    return gl === null ? null : new ShaderPicture(gl);
  }

  constructor(gl) {
    this.name = "webgl2";
    this.gl = gl;
    this.prepare();
  }

  prepare() {
    const { gl } = this;
    const program = gl.createProgram();
    gl.attachShader(program, compile(gl, gl.VERTEX_SHADER, VERTEX));
    gl.attachShader(program, compile(gl, gl.FRAGMENT_SHADER, FRAGMENT));
    gl.linkProgram(program);
    gl.useProgram(program);
    this.place = (name) => gl.getUniformLocation(program, name);
    this.textures = ["ranks", "low", "high", "classes"].map((name, unit) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      const texture = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
      gl.uniform1i(this.place(name), unit);
      return texture;
    });
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8UI, 1, 1, 0, gl.RED_INTEGER, gl.UNSIGNED_BYTE, new Uint8Array(1));
  }

  /** Send the raster of a new view; `classes` is null or one class per cell, `coloured` and `marked` say what it holds. */
  load(raster, classes, crowding, { coloured, marked }) {
    const { gl } = this;
    const { width, height, margin, stride } = raster;
    this.crowding = crowding;
    this.rows = height;
    gl.viewport(0, 0, width, height);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    const send = (unit, inside, format, type, data) => {
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.texImage2D(gl.TEXTURE_2D, 0, inside, width, height, 0, format, type, data);
    };
    gl.pixelStorei(gl.UNPACK_ROW_LENGTH, stride);
    gl.pixelStorei(gl.UNPACK_SKIP_PIXELS, margin);
    gl.pixelStorei(gl.UNPACK_SKIP_ROWS, margin);
    send(0, gl.R32UI, gl.RED_INTEGER, gl.UNSIGNED_INT, raster.rank);
    send(1, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, raster.low);
    send(2, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, raster.high);
    if (classes !== null) {
      send(3, gl.R8UI, gl.RED_INTEGER, gl.UNSIGNED_BYTE, classes);
    }
    this.coloured = coloured;
    this.marked = marked;
  }

  draw(cut, slices, colours) {
    const { gl } = this;
    gl.uniform1ui(this.place("cut"), cut);
    gl.uniform1f(this.place("slices"), slices);
    gl.uniform1f(this.place("crowding"), this.crowding);
    gl.uniform1i(this.place("rows"), this.rows);
    gl.uniform1i(this.place("coloured"), this.coloured ? 1 : 0);
    gl.uniform1i(this.place("marked"), this.marked ? 1 : 0);
    gl.uniform3fv(this.place("background"), colours.background);
    gl.uniform3fv(this.place("pool"), colours.pool);
    gl.uniform3fv(this.place("accent"), colours.accent);
    gl.uniform3fv(this.place("palette"), colours.palette);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  /** Wait until the picture is drawn: for measurements only, it stalls the pipeline. */
  finish() {
    const { gl } = this;
    gl.finish();
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  }

  /** RGBA of the picture just drawn, top row first; call it in the task that drew. */
  pixels(width, height) {
    const { gl } = this;
    const bottomUp = new Uint8Array(width * height * 4);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bottomUp);
    const topDown = new Uint8Array(bottomUp.length);
    for (let y = 0; y < height; y += 1) {
      topDown.set(bottomUp.subarray(y * width * 4, (y + 1) * width * 4), (height - 1 - y) * width * 4);
    }
    return topDown;
  }
}

/** The picture by the processor, for browsers without WebGL2. */
export class PlainPicture {
  constructor(canvas) {
    this.name = "canvas";
    this.context = canvas.getContext("2d", { alpha: false });
  }

  load(raster, classes, crowding, { coloured, marked }) {
    this.raster = raster;
    this.classes = classes;
    this.coloured = coloured;
    this.marked = marked;
    this.crowding = crowding;
    this.image = this.context.createImageData(raster.width, raster.height);
  }

  draw(cut, slices, colours) {
    const { raster, classes, coloured, marked, image } = this;
    const { width, height, margin, stride, rank, low, high } = raster;
    const words = new Uint32Array(image.data.buffer);
    const weight = Array.from({ length: 8 }, (_, slice) => Math.min(1, Math.max(0, slices - slice)));
    const scale = 1 / Math.log(1 + this.crowding);
    const { background, pool, accent, palette } = colours;
    const word = (r, g, b) => 0xff000000 | (Math.round(b * 255) << 16) | (Math.round(g * 255) << 8) | Math.round(r * 255);
    const empty = word(...background);
    for (let y = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1) {
        const cell = (y + margin) * stride + x + margin;
        const count = raster.countAt(cell);
        if (count === 0) {
          words[y * width + x] = empty;
          continue;
        }
        const kind = coloured ? Math.min(classes[cell] & (MARKED - 1), 15) : -1;
        const apart = marked && (classes[cell] & MARKED) === 0 ? APART : 0;
        const density = Math.min(1, Math.log(1 + count) * scale);
        const under = FAINTEST + (DENSEST - FAINTEST) * density;
        let share = 0;
        if (rank[cell] < cut) {
          const at = cell * 4;
          let kept = 0;
          for (let lane = 0; lane < 4; lane += 1) {
            kept += low[at + lane] * weight[lane] + high[at + lane] * weight[lane + 4];
          }
          share = Math.max(Math.min(1, kept / count) ** STEEPNESS, VISIBLE / (1 + FADING * count));
        }
        const mixed = [0, 1, 2].map((channel) => {
          const full = kind < 0 ? accent[channel] : palette[3 * kind + channel];
          const quiet = kind < 0 ? pool[channel] : pool[channel] + (full - pool[channel]) * PALE;
          const ground = background[channel] + (quiet - background[channel]) * under;
          const seen = ground + (full - ground) * share;
          return seen + (background[channel] - seen) * apart;
        });
        words[y * width + x] = word(...mixed);
      }
    }
    this.context.putImageData(image, 0, 0);
  }

  finish() {}

  pixels(width, height) {
    return this.context.getImageData(0, 0, width, height).data;
  }
}
