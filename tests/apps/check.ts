// Calls a gateway with generated types, and prints what it gets, a line of JSON for each call.
import createClient from "openapi-fetch";
import type { components, paths } from "./photolabel-api";
import { classify, Refused } from "./photolabel.js";

declare const process: { argv: string[] };
const [url, photoInBase64, which] = process.argv.slice(2) as [string, string, string];

type Problem = components["schemas"]["Problem"];
type Body = Blob | { photo: Blob[] } | components["schemas"]["ClassificationRequest"];

const api = createClient<paths>({ baseUrl: url });
const bytes = Uint8Array.from(atob(photoInBase64), (letter) => letter.charCodeAt(0));
const photo = new File([bytes], "photo.jpg", { type: "image/jpeg" });

async function call(body: Body, serialize: () => BodyInit, name = "clothing", top?: number) {
  const { data, error, response } = await api.POST("/v1/models/{name}:classify", {
    params: { path: { name }, query: top === undefined ? {} : { top } },
    body,
    bodySerializer: serialize,
    headers: body instanceof Blob ? { "Content-Type": "application/octet-stream" } : {},
  });
  if (error) return print({ ...brief(error), retryAfter: response.headers.get("Retry-After") });
  const [first] = data.predictions;
  print({ images: data.predictions.map((each) => each.image), label: first?.label });
}

function brief(problem: Problem) {
  const errors = problem.errors?.map((each) => each.image);
  return { status: problem.status, type: problem.type.split(":").pop(), errors };
}

function print(value: object) {
  console.log(JSON.stringify(value));
}

const raw = (bits: Blob, name?: string, top?: number) => call(bits, () => bits as BodyInit, name, top);

async function form(...photos: File[]) {
  const fields = new FormData();
  for (const each of photos) fields.append("photo", each);
  await call({ photo: photos }, () => fields);
}

async function all() {
  await raw(photo);
  await form(photo);
  await form(photo, photo, photo);
  const json = { images: [{ b64: photoInBase64 }] };
  await call(json, () => JSON.stringify(json));
  const models = await api.GET("/v1/models");
  print(models.data!.models.map((each) => (each.state === "ready" ? each.version : each.detail)));

  const picture = await api.POST("/v1/models/{name}:explain", {
    params: { path: { name: "clothing" }, query: { format: "png" } },
    body: photo,
    bodySerializer: () => photo,
    headers: { "Content-Type": "application/octet-stream" },
    parseAs: "blob",
  });
  print({ picture: picture.data!.type });

  await raw(photo, "clothing", 0);
  await raw(photo, "gloves");
  await raw(new Blob([new Uint8Array(100_001)]));
  await form(photo, photo, photo, photo);
  await raw(new Blob(["text"]));
  const damaged = new File([bytes.slice(0, 200)], "damaged.jpg");
  await form(damaged, damaged);
}

async function documented() {
  const answer = await classify("clothing", [photo, photo]);
  print({ images: answer.predictions.map((each) => each.image) });
  const refusal = await classify("gloves", [photo]).catch((error: unknown) => error);
  print(refusal instanceof Refused ? brief(refusal.problem) : { refusal });
}

await (which === "all" ? all() : which === "documented" ? documented() : raw(photo));
