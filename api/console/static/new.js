// The page new.

import { heading } from "./components.js";
import { t } from "./messages.js";

/** The page new. */
export function newJob({ params, query, signal, who }) {
  return { title: t("nav.new"), node: [heading(t("nav.new"))] };
}
