// What `make html` holds the built pages to: every rule of html-validate's recommended set, but for those below.
export default {
  root: true,
  extends: ["html-validate:recommended"],
  rules: {
    // KaTeX places every sign of a formula with a style of its own.
    "no-inline-style": "off",
    // Material and Python-Markdown write `<!doctype html>`, as the standard's own examples do.
    "doctype-style": ["error", { style: "lowercase" }],
    // Material names its hidden switches `__search`; HTML asks of an id only that it has no blanks.
    "valid-id": ["error", { relaxed: true }],
    // Material's hidden switches carry `autocomplete="off"`, without which Firefox opens the menu again on a reload.
    "input-attributes": "off",
    "valid-autocomplete": "off",
    // The form of the switch between light and dark is never sent, so it has no button that sends it.
    "wcag/h32": "off",
    // The sections of a page are listed twice, for wide and for narrow screens; CSS shows one list at a time, and axe,
    // which sees what is shown, finds each landmark unique.
    "unique-landmark": "off",
    // The older word for `none`; Material uses it, and readers' programs know both.
    "presentation-role-style": "off",
  },
};
