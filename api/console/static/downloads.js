// Has the browser itself download a file, so that a result of any size is streamed to the disk.

import { call, hasKey, withQuery } from "./api.js";
import { h } from "./dom.js";

/** Download `/jobs/<id>/results` or `/errors` with options. Throws a `Problem`. */
export async function download(id, what, options) {
  let address = withQuery(`/jobs/${id}/${what}`, options);
  // A browser's download sends no key: so the service signs an address that is valid for minutes.
  if (hasKey()) {
    const signed = await call(`/jobs/${id}/links`, { method: "POST", json: { path: what, options } });
    address = withQuery(signed.url);
  }
  click(address, "");
}

/** Save the small answer of a `path` as a file. Throws a `Problem`. */
export async function save(path, name) {
  const answer = await call(path, { as: "response" });
  const address = URL.createObjectURL(await answer.blob());
  click(address, name);
  URL.revokeObjectURL(address);
}

function click(href, name) {
  const link = h("a", { href, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}
