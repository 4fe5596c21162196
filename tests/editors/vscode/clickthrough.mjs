// What a person does with the mouse and the keyboard, on the installed .vsix, with screenshots:
// node clickthrough.mjs CONFIG.json
//
// Light bulb, progress, lens, hover, preview, accept, save, undo, comparison, report.
import fs from "node:fs";
import path from "node:path";
import { start, within } from "./workbench.mjs";

const config = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
fs.mkdirSync(config.screenshots, { recursive: true });
const workbench = await start({ ...config, install: config.vsix });
const { page } = workbench;
const SLOW = { timeout: 60_000 };

const see = (selector, options = SLOW) => page.locator(selector).first().waitFor(options);
const shot = (name) => page.screenshot({ path: path.join(config.screenshots, `${name}.png`) });
const code = () =>
  page.$$eval(".view-line", (lines) => lines.map((line) => line.textContent.replaceAll("\u00a0", " ")));

/** Wait until a text is, or is not, in the editor. */
async function untilCode(text, there = true) {
  const says = async () => (await code()).some((line) => line.includes(text)) === there;
  await poll(`${there ? "" : "no "}${text} in the editor`, says);
}

async function poll(what, probe, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  while (!(await probe())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A command by its title in the palette. */
async function command(title) {
  await page.keyboard.press("F1");
  await page.locator(".quick-input-widget input").first().fill(`>${title}`);
  await see(`.quick-input-list .monaco-list-row:has-text("${title}")`);
  await page.keyboard.press("Enter");
}

/** Do something that may be lost while the layout settles, until its effect is seen. */
async function insist(act, selector, tries = 8) {
  for (let left = tries; ; left -= 1) {
    await act();
    try {
      return await see(selector, { timeout: 4000 });
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

const name = page.locator('.view-line:has-text("def unique") span:text-is("unique")').first();
const lens = (title) => page.locator(".codelens-decoration a", { hasText: title }).first();

async function journey() {
  await see(".monaco-workbench");
  await see('.statusbar-item:has-text("ORPS: ready, ")');
  await see('.codelens-decoration a:has-text("Refine")');

  const menu = '.action-widget .monaco-list-row:has-text("Refine with ORPS: optimise")';
  await insist(async () => {
    await page.keyboard.press("Escape");
    await name.click();
    await page.keyboard.press("Control+.");
  }, menu);
  await shot("1-actions");
  const rows = page.locator(".action-widget .monaco-list-row.action");
  const titles = await rows.allInnerTexts();
  const wanted = titles.findIndex((title) => title.includes("optimise"));
  const focused = await rows.evaluateAll((all) => all.findIndex((row) => row.matches(".focused")));
  for (let step = focused; step < wanted; step += 1) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter"); // a click would meet an overlay

  await see('.statusbar-item:has-text("Refining unique")');
  await see('.codelens-decoration:has-text("candidate")');
  await shot("2-progress");

  await see('.codelens-decoration a:has-text("Apply #1")', { timeout: 90_000 });
  await see('.notification-toast:has-text("refinements of")');
  await shot("3-lenses");
  await page.keyboard.press("Escape");
  await command("Notifications: Clear All Notifications");
  await see(".notification-toast", { state: "hidden" });

  await insist(async () => {
    await page.mouse.move(640, 700);
    const { x, y, width, height } = await name.boundingBox();
    await page.mouse.move(x + width / 2, y + height / 2);
  }, '.monaco-hover table:has-text("original")');
  await shot("4-hover");
  await page.mouse.move(640, 700);

  await lens("Preview").click();
  await see(".monaco-diff-editor .view-line");
  await untilCode("dict.fromkeys");
  await see('.editor-actions a[aria-label^="Accept Refinement"]');
  await shot("5-preview");
  await page.locator('.editor-actions a[aria-label^="Accept Refinement"]').first().click();
  await see(".monaco-diff-editor", { state: "hidden" });
  await untilCode("dict.fromkeys");
  await page.keyboard.press("Control+s");
  const file = path.join(config.workspace, "report.py");
  await poll("saved", () => fs.readFileSync(file, "utf8").includes("dict.fromkeys"));
  await page.keyboard.press("Control+z");
  await untilCode("dict.fromkeys", false);
  await page.keyboard.press("Control+s");
  await poll("saved", () => !fs.readFileSync(file, "utf8").includes("dict.fromkeys"));

  await lens("Compare").click();
  await see(".multiDiffEntry .view-line");
  await poll("both refinements", async () => (await page.locator(".multiDiffEntry").count()) > 1);
  await shot("6-compare");
  await command("View: Close All Editors");

  await page.keyboard.press("Escape");
  await command("ORPS: Show Report");
  const panel = page.frameLocator("iframe.webview").frameLocator("iframe#active-frame");
  await panel.locator("body", { hasText: "unique" }).waitFor(SLOW);
  await shot("7-report");
}

let failed = 0;
try {
  await workbench.open(page, config.workspace, [
    ["openFile", `${workbench.remote}${config.workspace}/report.py`],
  ]);
  await within(config.seconds, "the journey", journey());
} catch (error) {
  failed = 1;
  process.stderr.write(`${error.stack}\n`);
  await shot("failed");
} finally {
  await workbench.close();
}
process.exit(failed);
