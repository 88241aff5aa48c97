// Where rows are given: a zone to drop a file, a button to choose one, a box to paste into.

import { announce, button, choice, field, folded, icon } from "./components.js";
import { h, say } from "./dom.js";
import { bytes } from "./format.js";
import { t } from "./messages.js";
import { kindOfPaste } from "./new-source.js";

/** The panel; `take(file)`, `write()` and `clear()` are called when rows were given or removed. */
export function filePanel(draft, who, { take, write, clear }, signal) {
  const input = h("input", { type: "file", hidden: true, onchange: () => {
    if (input.files.length) take(input.files[0]);
    input.value = "";
  } });
  const [title, about] = [h("strong"), h("small")];
  const pick = button("", () => input.click());
  const remove = button(t("new.remove"), clear, { kind: "quiet" });
  const zone = h("div", { class: "drop" }, icon("upload"), h("div", {}, title, about), h("div", { class: "actions" }, pick, remove), input);
  const box = h("textarea", { value: draft.text, spellcheck: "false", placeholder: t("new.paste.example"), oninput: () => {
    draft.text = box.value;
    write();
  } });
  const kind = choice(["lines", "table"].map((one) => [one, t(`new.paste.${one}`)]), "", (value) => {
    draft.pastedAs = value;
    write();
  });
  const paste = folded(t("new.paste"), field(t("new.paste.box"), box), field(t("new.paste.kind"), kind));
  paste.open = draft.text !== "";

  const takeText = (text) => {
    draft.text = box.value = text;
    paste.open = true;
    write();
  };
  const takeFrom = (data, event) => {
    if (!data) return;
    const isTyping = event.target.closest?.("input, textarea, select");
    const text = data.getData("text/plain");
    if (data.files.length) {
      event.preventDefault();
      if (data.files.length > 1) announce(t("new.one", { name: data.files[0].name }));
      take(data.files[0]);
    } else if (text && !isTyping && !(draft.source && !draft.source.isPasted)) {
      event.preventDefault();
      takeText(text);
    }
  };
  const mark = (isOver) => zone.classList.toggle("over", isOver);
  for (const [name, listener] of Object.entries({
    paste: (event) => takeFrom(event.clipboardData, event),
    dragover: (event) => {
      event.preventDefault();
      mark(true);
    },
    dragleave: (event) => event.relatedTarget === null && mark(false),
    drop: (event) => {
      mark(false);
      takeFrom(event.dataTransfer, event);
    },
  })) document.addEventListener(name, listener, { signal });

  return {
    node: h("section", { class: "rows" }, zone, paste),
    show() {
      const { source } = draft;
      const isFile = Boolean(source && !source.isPasted);
      zone.classList.toggle("full", isFile);
      say(title, isFile ? source.file.name : t("new.drop"));
      say(about, isFile ? aboutFile(source) : t("new.formats", { size: bytes(who.limits.max_upload_bytes) }));
      say(pick, t(isFile ? "new.other" : "new.choose"));
      remove.hidden = !isFile;
      paste.hidden = isFile;
      box.disabled = kind.disabled = Boolean(draft.sending);
      kind.value = draft.pastedAs ?? kindOfPaste(draft.text);
    },
  };
}

function aboutFile({ file, format, isPacked, isKnown }) {
  const facts = [bytes(file.size), isPacked ? t("new.packed", { format }) : format];
  return [...facts, isKnown ? null : t("new.assumed")].filter(Boolean).join(" · ");
}
