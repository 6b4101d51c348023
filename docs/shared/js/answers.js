// The page of answers: a field under each question, kept in this browser alone; the model answer is folded until one has written.
// It runs in the head and takes each question as it arrives, before anything of it is painted, so that nothing moves afterwards.
"use strict";
{
  const desk = document.getElementById("answers-desk").content.firstElementChild;
  const own = document.getElementById("answers-own").content.firstElementChild;
  const questions = [];
  const PREFIX = "unrolled-answers/"; // what follows depends on no language, so that both editions share it
  const REST = "@rest"; // parts of a file for which the page has no field, as they stood there

  // Storage may be forbidden or full: then what is written lives as long as the page does, and that is said once.
  const kept = new Map();
  let warned = false;
  const warn = () => {
    if (!warned) tell(desk.dataset.lost);
    warned = true;
  };
  const recall = (key) => {
    try { return kept.get(key) ?? localStorage.getItem(PREFIX + key) ?? ""; } catch { return ""; }
  };
  const keep = (key, value) => {
    try {
      if (value) localStorage.setItem(PREFIX + key, value);
      else localStorage.removeItem(PREFIX + key);
      kept.delete(key);
    } catch {
      kept.set(key, value);
      warn();
    }
  };

  // News is shown for a while; the count is read out only when the writer rests.
  let news, heard, fading, resting;
  function tell(text) {
    clearTimeout(fading);
    news.textContent = text;
    fading = setTimeout(() => { news.textContent = ""; }, 12000);
  }
  const hear = (text) => {
    clearTimeout(resting);
    resting = setTimeout(() => { heard.textContent = text; }, 2500);
  };
  const say = (node, values) => { node.textContent = node.dataset.say.replace(/\{(\w+)\}/g, (_, name) => values[name]); };

  // A word of a European language counts one, and so does a Chinese sign.
  const words = (text) => (text.match(/\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{N}’'-])+/gu) ?? []).length;
  const grow = (field) => {
    if (CSS.supports("field-sizing", "content")) return;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 4}px`;
  };

  // One question: its field, its button, its model answer with a box to tick at each point of the marking scheme.
  const begin = (model) => {
    const id = model.dataset.question;
    const heading = document.getElementById(id);
    const title = heading.firstChild.textContent;
    const part = own.cloneNode(true);
    const [field, button, count, points] = part.querySelectorAll("textarea, button, .own-count, .own-points");
    field.dataset.key = id;
    field.setAttribute("aria-label", `${part.querySelector("label").firstChild.textContent.trim()}: ${title}`);
    model.id = `model-${id}`;
    button.setAttribute("aria-controls", model.id);
    model.before(part);

    const label = () => {
      const open = !model.hidden;
      button.textContent = button.dataset[open ? "fold" : field.value.trim() ? "compare" : "show"];
      button.setAttribute("aria-expanded", open);
    };
    const fold = (folded) => {
      model.hidden = folded ? "until-found" : false; // a browser that does not know the word hides it all the same
      label();
    };
    button.addEventListener("click", () => fold(!model.hidden));
    model.addEventListener("beforematch", () => fold(false));

    const boxes = [];
    const mark = (worth) => {
      if (!/^\d+$/.test(worth.textContent)) return;
      const box = Object.assign(document.createElement("input"), { type: "checkbox" });
      const text = document.createElement("label");
      const item = worth.parentElement;
      item.className = "point";
      text.append(box, ...item.childNodes);
      item.append(text);
      box.worth = Number(worth.textContent);
      box.addEventListener("change", () => {
        keep(`${id}+`, boxes.flatMap(({ checked }, at) => (checked ? [at] : [])).join());
        add();
        hear(points.textContent);
      });
      boxes.push(box);
    };
    const sum = (some) => some.reduce((total, { worth }) => total + worth, 0);
    const add = () => {
      points.hidden = !boxes.some(({ checked }) => checked);
      say(points, { n: sum(boxes.filter(({ checked }) => checked)), of: sum(boxes) });
    };
    const measure = () => {
      say(count, { n: words(field.value) });
      count.hidden = !field.value.trim();
      grow(field);
      label();
    };
    field.addEventListener("input", () => {
      keep(id, field.value);
      measure();
      tally();
      hear(count.textContent);
    });
    // What another tab has written, or a file, or what was here before.
    const read = () => {
      const text = recall(id);
      if (field.value !== text) field.value = text;
      const ticked = recall(`${id}+`).split(",");
      boxes.forEach((box, at) => { box.checked = ticked.includes(String(at)); });
      measure();
      add();
    };
    const finish = () => model.querySelectorAll("details li > strong:first-child").forEach(mark); // when all of it has arrived
    if (!questions.length) heading.before(desk);
    questions.push({ id, title, heading, model, field, fold, read, finish });
    fold(!location.hash || !model.dataset.places.split(" ").includes(location.hash.slice(1)));
    read();
  };

  const [total, name, number, file] = desk.querySelectorAll(".desk-count, input");
  const who = [name, number];
  const tally = () => say(total, { n: questions.filter(({ field }) => field.value.trim()).length, of: questions.length });
  const readAll = () => {
    for (const input of who) if (input.value !== recall(input.dataset.key)) input.value = recall(input.dataset.key);
    for (const question of questions) question.read();
    tally();
  };
  for (const input of who) input.addEventListener("input", () => keep(input.dataset.key, input.value));
  addEventListener("storage", ({ key }) => { if (key === null || key.startsWith(PREFIX)) readAll(); });
  addEventListener("pageshow", ({ persisted }) => { if (persisted) readAll(); }); // a page that slept has heard of nothing

  // The file that is handed in: `rnn pack` reads it, and so does this page.
  const asFile = ({ head, name: ofName, number: ofNumber, derivations, results }) => {
    const answers = questions.map(({ id, title, field }) => `## ${title}\n<!-- ${id} -->\n\n${field.value.trim()}`);
    const rest = recall(REST) || `## ${derivations}\n<!-- derivations -->\n\n## ${results}\n<!-- results -->`;
    const about = `- ${ofName}${name.value.trim()}\n- ${ofNumber}${number.value.trim()}`;
    return `${[`# ${head}`, about, ...answers, rest].map((part) => part.trim()).join("\n\n")}\n`;
  };
  const give = ({ dataset }) => {
    const called = ["ml-6", ...who.map(({ value, dataset: { key } }) => value.trim().replace(/[\s\\/:*?"<>|]+/g, "") || key.slice(1))].join("-");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([asFile(dataset)], { type: "text/markdown;charset=utf-8" }));
    link.download = `${called}.md`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  const take = (text) => {
    const known = new Set(questions.map(({ id }) => id));
    const parts = text.replace(/\r\n?/g, "\n").split(/^(?=## .*\n+<!-- [\w-]+ -->$)/m).map((part) => part.match(/^## .*\n+<!-- ([\w-]+) -->\n?([^]*)/)).filter(Boolean);
    const found = parts.filter(([, id]) => known.has(id)).map(([, id, body]) => [id, body.trim()]);
    found.push([REST, parts.filter(([, id]) => !known.has(id)).map(([part]) => part.trim()).join("\n\n")]);
    const full = found.filter(([, body]) => body.replace(/<!--[^]*?-->/g, "").trim());
    const loses = full.filter(([id, body]) => recall(id).trim().length > body.length);
    const all = loses.length && confirm(desk.dataset.longer.replace("{n}", loses.length));
    const taken = full.filter((one) => all || !loses.includes(one));
    for (const [id, body] of taken) keep(id, body);
    readAll();
    tell(full.some(([id]) => id !== REST) ? desk.dataset.taken.replace("{n}", taken.filter(([id]) => id !== REST).length) : desk.dataset.none);
  };
  const leave = () => {
    if (!confirm(desk.dataset.leave)) return;
    for (const id of [...who.map(({ dataset }) => dataset.key), REST, ...questions.flatMap(({ id }) => [id, `${id}+`])]) keep(id, "");
    readAll();
    for (const { fold } of questions) fold(true);
    tell(desk.dataset.gone);
  };
  desk.addEventListener("click", ({ target }) => ({ give, leave })[target.dataset.do]?.(target));
  const decode = (bytes) => { // editors under Windows may still save Chinese otherwise
    try { return new TextDecoder("utf-8", { fatal: true }).decode(bytes); } catch { return new TextDecoder("gb18030").decode(bytes); }
  };
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (chosen) take(decode(await chosen.arrayBuffer()));
    file.value = ""; // so that the same file can be taken again
  });

  // A link into a model answer opens it; so does a result of the search, which is marked in the text.
  const follow = () => {
    const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
    const found = new URLSearchParams(location.search).has("h");
    for (const { heading, model, fold } of questions) if (model.contains(target) || (found && heading === target)) fold(false);
    return target;
  };
  addEventListener("hashchange", () => follow()?.scrollIntoView());

  let target;
  const arrive = () => {
    for (const model of document.querySelectorAll(".model:not([id])")) begin(model);
    target ??= follow();
  };
  const arriving = new MutationObserver(arrive);
  arriving.observe(document, { childList: true, subtree: true });
  addEventListener("DOMContentLoaded", () => {
    arriving.disconnect();
    arrive();
    [news, heard] = document.querySelectorAll(".own-news, .own-heard");
    for (const { finish } of questions) finish();
    readAll();
    target = follow();
    if (target && performance.getEntriesByType("navigation")[0]?.type === "navigate") target.scrollIntoView();
  });
}
