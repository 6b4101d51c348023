// Runs before Material's bundle.  The book reads without it; it keeps the reader's place, language and bandwidth.
"use strict";
{
  // Material asks the site of every link[rel=alternate] for a sitemap (and rewrites links by it); a space hides ours from it.
  for (const link of document.querySelectorAll("link[rel=alternate]")) link.setAttribute("rel", "alternate ");

  // From a disk or a stick (file:) a folder would open as a list of files, so that links name the page in it.  There is no
  // search, for which a browser gives such pages no worker; its form has to go, or Material waits for it with all the rest.
  if (location.protocol === "file:") {
    for (const link of document.links) if (link.protocol === "file:" && link.pathname.endsWith("/")) link.pathname += "index.html";
    for (const part of document.querySelectorAll(".md-search, .md-header [for=__search]")) part.remove();
  }

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

// Cards: what a citation, a term or the number of a formula points to opens beside the link, under the mouse and with the keyboard's focus.
// Nothing is lost without them: the link leads there.  A finger has no hover, so a touch simply follows the link.
{
  const article = document.querySelector("article");
  const card = Object.assign(document.createElement("div"), { id: "book-card", hidden: true });
  card.setAttribute("role", "tooltip");
  article.append(card);
  const pages = new Map([[location.pathname, Promise.resolve(document)]]);
  let shown, timer;

  const later = (milliseconds, act) => { clearTimeout(timer); timer = setTimeout(act, milliseconds); };
  const linkAt = (node) => node.closest?.("article a:is([data-card], [href*='#eq-']):not(.eq-number)");
  const close = () => {
    clearTimeout(timer);
    card.hidden = true;
    shown?.removeAttribute("aria-describedby");
    shown = undefined;
  };
  const load = ({ pathname, href }) => {
    if (!pages.has(pathname)) {
      const page = fetch(href).then((answer) => answer.text()).then((text) => new DOMParser().parseFromString(text, "text/html"));
      page.catch(() => pages.delete(pathname)); // the next time may go better
      pages.set(pathname, page);
    }
    return pages.get(pathname);
  };
  const open = async (link) => {
    close();
    shown = link;
    if (link.dataset.card) card.innerHTML = link.dataset.card;
    else {
      const page = await load(link).catch(() => undefined);
      const formula = page?.getElementById(link.hash.slice(1))?.querySelector(".eq-math");
      if (!formula || shown !== link) return;
      card.replaceChildren(...formula.cloneNode(true).childNodes);
      for (const part of card.querySelectorAll("[id]")) part.removeAttribute("id");
    }
    card.className = link.dataset.card ? "card" : "card card-math";
    card.hidden = false;
    link.setAttribute("aria-describedby", card.id);
    // Below the link, or above it where there is more room; never over it, and never over the edge of the window.
    const at = link.getBoundingClientRect();
    const origin = card.offsetParent.getBoundingClientRect();
    const below = at.bottom + card.offsetHeight + 6 < innerHeight || at.top < card.offsetHeight + 6;
    const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - card.offsetWidth - 8));
    card.style.left = `${left - origin.left}px`;
    card.style.top = `${(below ? at.bottom + 6 : at.top - card.offsetHeight - 6) - origin.top}px`;
  };

  const held = () => shown?.matches(":focus-visible");
  addEventListener("pointerover", ({ target, pointerType }) => {
    const link = linkAt(target);
    if (pointerType === "touch") return;
    if (link && link !== shown) later(250, () => open(link));
    else if (link || card.contains(target)) clearTimeout(timer); // to read it, or to select a part
    else if (held()) clearTimeout(timer);
    else later(250, close);
  });
  document.documentElement.addEventListener("pointerleave", () => { if (!held()) later(250, close); });
  addEventListener("focusin", ({ target }) => { if (linkAt(target) && target.matches(":focus-visible")) open(target); });
  addEventListener("focusout", ({ target }) => { if (target === shown) close(); });
  addEventListener("click", ({ target }) => { if (linkAt(target)) close(); });
  addEventListener("keydown", ({ key }) => { if (key === "Escape") close(); });
}
