// Draws the icons that must be pixels from public/icon.svg: `node scripts/icons.mjs`, with Chromium.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

const folder = new URL("../public/", import.meta.url);
const svg = readFileSync(new URL("icon.svg", folder), "utf8");
const square = svg.replace('rx="112"', 'rx="0"');

/** `inner`: how much of the width the drawing has; the rest is for masks of any shape. */
const ICONS = [
  { name: "icon-192.png", size: 192, drawing: svg, inner: 1 },
  { name: "icon-512.png", size: 512, drawing: svg, inner: 1 },
  { name: "icon-maskable-512.png", size: 512, drawing: square, inner: 0.72 },
  { name: "apple-touch-icon.png", size: 180, drawing: square, inner: 0.86 },
];

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu"],
});
const page = await browser.newPage();
for (const { name, size, drawing, inner } of ICONS) {
  await page.setViewportSize({ width: size, height: size });
  const ground = inner === 1 ? "transparent" : "#0f1216";
  const width = Math.round(size * inner);
  await page.setContent(
    `<body style="margin:0;height:100vh;display:grid;place-items:center;background:${ground}">`
      + drawing.replace("<svg ", `<svg width="${width}" height="${width}" `),
  );
  await page.screenshot({ path: fileURLToPath(new URL(name, folder)), omitBackground: true });
}
await browser.close();
