// Sets formulas for katex.py: one JSON request a line on stdin, one JSON answer a line on stdout, until stdin closes.

import { createInterface } from "node:readline";
import katex from "katex";

const refuse = (message, token) => { throw new katex.ParseError(message, token); };

const settings = {
  output: "htmlAndMathml",
  throwOnError: true,
  strict: (code, message, token) => refuse(`${message} [${code}]`, token), // what LaTeX would not take is an error, not a guess
  trust: ({ command }) => refuse(`${command} is not allowed in the book`),
};

// How many children each MathML element with a fixed number of them must have.
const ARITY = { msub: 2, msup: 2, mfrac: 2, munder: 2, mover: 2, mroot: 2, msubsup: 3, munderover: 3 };
const APPLY = "<mo>\u2061</mo>"; // the invisible "function application"

/**
 * KaTeX writes an invisible sign after every function name, also where MathML has no room for it: \sigma_{\max} becomes
 * an <msub> of three children, which a browser shows as an error.  Drop the sign there; then count the children.
 */
function repair(html) {
  const open = [{ name: "", children: 0 }];
  return html.replace(/<mo>\u2061<\/mo>|<(\/?)([a-z]+)[^>]*>/g, (tag, closing, name) => {
    const parent = open.at(-1);
    if (tag === APPLY) {
      if (parent.name in ARITY) return "";
      parent.children += 1;
    } else if (closing) {
      open.pop();
      if (name in ARITY && parent.children !== ARITY[name])
        refuse(`the MathML element ${name} got ${parent.children} parts instead of ${ARITY[name]}; put braces around them`);
    } else {
      parent.children += 1;
      if (!tag.endsWith("/>")) open.push({ name, children: 0 });
    }
    return tag;
  });
}

/** Leave out the TeX that KaTeX repeats inside the MathML: nothing reads it, and it is a fifteenth of a long page. */
const slim = (mathml) => mathml.replace(/<semantics>(.*)<annotation[^>]*>.*?<\/annotation><\/semantics>/s, "$1");

function answer({ tex, display }) {
  try {
    const html = katex.renderToString(tex, { ...settings, displayMode: display });
    const end = html.indexOf("</math>") + "</math>".length;
    return { html: slim(repair(html.slice(0, end))) + html.slice(end) };
  } catch (error) {
    if (!(error instanceof katex.ParseError)) throw error;
    return { error: error.message.replace(/^KaTeX parse error: /, "").replaceAll("\u0332", "").replace(/\s+/g, " ") };
  }
}

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(answer(JSON.parse(line)))}\n`);
