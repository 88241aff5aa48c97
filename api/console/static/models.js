// The page models.

import { heading } from "./components.js";
import { t } from "./messages.js";

/** The page models. */
export function models({ params, query, signal, who }) {
  return { title: t("nav.models"), node: [heading(t("nav.models"))] };
}
