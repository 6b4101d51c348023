// Slims a figure for svg.py: an SVG on stdin, a smaller one on stdout.

import { readFileSync } from "node:fs";
import { optimize } from "svgo";

const { data } = optimize(readFileSync(0, "utf8"), {
  multipass: true,
  floatPrecision: 1, // a tenth of a point is an eighth of a pixel, and what rounding errors differ in is far behind it
  plugins: [
    { name: "preset-default", params: { overrides: { convertColors: false, cleanupIds: false } } }, // var(…) is no colour to it
    "convertStyleToAttrs",
  ],
});
process.stdout.write(data);
