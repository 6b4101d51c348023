// Runs before Material's bundle.  The book reads without it; it keeps the reader's place, language and bandwidth.
"use strict";
{
  // Material asks the site of every link[rel=alternate] for a sitemap (and rewrites links by it); a space hides ours from it.
  for (const link of document.querySelectorAll("link[rel=alternate]")) link.setAttribute("rel", "alternate ");

  // The other language opens at the same place: the anchor, else the heading last passed.  The choice is remembered for the root page.
  const other = document.querySelector(".book-switch");
  const page = other.href;
  const place = () => {
    if (location.hash) return location.hash;
    const passed = [...document.querySelectorAll("article :is(h2, h3)[id]")].filter((h) => h.getBoundingClientRect().top < 120);
    return passed.length ? `#${passed.at(-1).id}` : "";
  };
  for (const event of ["pointerdown", "focus", "click"]) other.addEventListener(event, () => { other.href = page + place(); });
  other.addEventListener("click", () => { try { localStorage.setItem("unrolled-language", other.dataset.lang); } catch { /* not allowed here */ } });

  // Search (its worker and the index of the whole book) is fetched when a reader first reaches for it, not with every page.
  const wanted = new Promise((reach) => {
    if (new URLSearchParams(location.search).has("h")) reach(); // a page opened from a result marks the words it was found by
    for (const event of ["focusin", "pointerdown", "change"])
      addEventListener(event, ({ target }) => { if (target.closest?.("[data-md-component=search], [for=__search], #__search")) reach(); }, true);
  });
  const Eager = window.Worker;
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.real = wanted.then(() => {
        const worker = new Eager(url);
        worker.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent("message", { data }));
        return worker;
      });
    }
    postMessage(message) { this.real.then((worker) => worker.postMessage(message)); }
  };
  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    this.waits = String(url).endsWith("/search/search_index.json");
    return open.call(this, method, url, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (this.waits) wanted.then(() => send.call(this, body));
    else send.call(this, body);
  };

  // Evidence closes as a menu does: by Escape, or by a click elsewhere.
  const close = (except) => { for (const open of document.querySelectorAll(".eq-ok .eq-badge[open]")) if (open !== except) open.open = false; };
  addEventListener("click", ({ target }) => close(target.closest?.(".eq-badge")));
  addEventListener("keydown", ({ key }) => { if (key === "Escape") close(); });

  // Only what really scrolls needs a stop of the Tab key.
  const scrollers = new ResizeObserver((entries) => {
    for (const { target } of entries) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
  });
  // Material wraps tables and adds copy buttons later; the buttons' <nav> is no landmark.
  const tend = () => {
    for (const box of document.querySelectorAll(".eq-math, .md-typeset__scrollwrap")) scrollers.observe(box);
    for (const nav of document.querySelectorAll(".md-code__nav")) nav.role = "none";
  };
  new MutationObserver(tend).observe(document.querySelector("article"), { childList: true, subtree: true });
  tend();
}
