// Requests to the API. Everything that goes wrong becomes a Problem.
const KEY = "photolabel-api-key";

export class Problem extends Error {
  // Without a status, the server was not reached.
  constructor({ type = "", title, detail = "", status = 0 }, retryAfter = null) {
    super(detail);
    Object.assign(this, { slug: type.split(":").pop(), title, detail, status, retryAfter });
  }
  // The server may be able to answer soon: wait for it.
  get isOutage() { return [0, 502, 503].includes(this.status); }
  get isBusy() { return this.status === 429; }
  get isRetryable() { return this.isOutage || this.isBusy || [408, 500, 504].includes(this.status); }
}

export function storedKey() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null; // Storage is disabled in this browser.
  }
}

export function storeKey(key) {
  sessionStorage.setItem(KEY, key);
}

export async function ask(path, options = {}) {
  const headers = { Accept: "application/json", ...options.headers };
  const key = storedKey();
  if (key) headers.Authorization = `Bearer ${key}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers });
    if (response.ok) return headers.Accept === "image/png" ? await response.blob() : await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({});
  }
  const body = await response.json().catch(() => ({}));
  const details = (body.errors || []).map((error) => error.detail);
  const detail = details.join("\n") || body.detail;
  throw new Problem({ ...body, detail, status: response.status }, Number(response.headers.get("Retry-After")) || null);
}

export function pathOf(model, version) {
  return `v1/models/${encodeURIComponent(model)}${version ? `/versions/${version}` : ""}`;
}

export async function post(model, version, verb, photo, signal, accept = "application/json") {
  if (!photo.size) throw new Problem({ type: "empty", status: 400 });
  const options = {
    method: "POST",
    // The server looks at the bytes, not at the type that the browser guesses.
    headers: { "Content-Type": "application/octet-stream", Accept: accept },
    body: photo,
    signal,
  };
  try {
    return await ask(`${pathOf(model, version)}:${verb}`, options);
  } catch (problem) {
    if (problem.status !== 0) throw problem;
    // A file that can't be read fails like a server that can't be reached.
    await photo.slice(0, 1).arrayBuffer().catch(() => { throw new Problem({ type: "unreadable", status: 400 }); });
    throw problem;
  }
}
