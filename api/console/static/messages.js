// The texts of the console in the language of the page; the server chose it by `Accept-Language`.

const { lang, dataset } = document.documentElement;
const { default: messages } = await import(dataset.messages);
const plural = new Intl.PluralRules(lang);

/** The language of the page, for `Intl`. Numbers and dates follow the person's own locale in it. */
export const locale = navigator.languages.find((one) => one.split("-")[0] === lang) ?? lang;

/** A text; `{name}` in it is replaced by the value of that name. Forms by number are chosen by `n`. */
export function t(name, values = {}) {
  return pieces(name, values).join("");
}

/** The same as an array of texts and nodes: values may be elements. */
export function pieces(name, values = {}) {
  let text = messages[name];
  if (text === undefined) throw new Error(`no message ${name}`);
  if (typeof text === "object") text = text[plural.select(Number(values.count ?? values.n))] ?? text.other;
  return text.split(/(\{\w+\})/).map((one) => (one.startsWith("{") ? values[one.slice(1, -1)] ?? one : one));
}

/** The text of a name that may be missing, such as that of a new state of a job. */
export function known(name, otherwise) {
  return name in messages ? t(name) : otherwise;
}
