// The page that asks for a key.

import { field } from "./components.js";
import { h } from "./dom.js";
import { t } from "./messages.js";

/** A form for a key. `isWrong` says that the last one was refused; `onKey(key)` gets the next. */
export function keyForm(isWrong, onKey) {
  const input = h("input", { type: "password", autocomplete: "off", spellcheck: "false", required: true, "aria-invalid": isWrong ? "true" : null });
  const form = h("form", { class: "card key-form", onsubmit: (event) => {
    event.preventDefault();
    onKey(input.value.trim());
  } },
  h("h1", {}, t("key.title")), h("p", {}, t("key.text")),
  field(t("key.label"), input, isWrong ? t("key.wrong") : t("key.memory")),
  h("button", { class: "button primary" }, t("key.enter")));
  if (isWrong) form.classList.add("is-wrong");
  queueMicrotask(() => input.focus());
  return form;
}
