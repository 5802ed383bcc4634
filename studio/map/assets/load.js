/**
 * Fetch what the map needs and refuse anything else: an address the server does not know may be answered with a page (status
 * 200, HTML), so the content type and the exact number of bytes are checked before a byte is drawn.
 */

/** Something the reader can act on: what is wrong, and the one thing to do. */
export class LoadError extends Error {
  constructor(problem, fix) {
    super(problem);
    this.problem = problem;
    this.fix = fix;
  }
}

const AGAIN = "Load it again; if that does not help, reload the page.";

async function answer(url, mediaType, signal) {
  let response;
  try {
    response = await fetch(new URL(url, window.location.href), { signal, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") {
      throw error;
    }
    throw new LoadError("The studio does not answer.", "See whether `winnow open` still runs, then load it again.");
  }
  const given = (response.headers.get("content-type") ?? "nothing").split(";")[0].trim();
  if (!response.ok) {
    const body = given === "application/json" ? await response.json() : {};
    throw new LoadError(body.problem ?? `The server answered ${response.status} for ${url}.`, body.fix ?? AGAIN);
  }
  if (given !== mediaType) {
    throw new LoadError(
      `The server answered ${url} with ${given} instead of ${mediaType}.`,
      "Start the studio with `winnow open`: another server does not know the map's routes.",
    );
  }
  return response;
}

/** The bytes behind a URL, exactly `bytes` of them. */
export async function loadBytes(url, mediaType, bytes, signal) {
  const response = await answer(url, mediaType, signal);
  const buffer = await response.arrayBuffer();
  if (buffer.byteLength !== bytes) {
    throw new LoadError(
      `${url} holds ${buffer.byteLength.toLocaleString("en")} bytes, expected ${bytes.toLocaleString("en")}.`,
      AGAIN,
    );
  }
  return buffer;
}

export async function loadJson(url, signal) {
  return (await answer(url, "application/json", signal)).json();
}
