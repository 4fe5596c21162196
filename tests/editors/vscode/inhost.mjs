// Runs one group of tests inside VS Code's extension host: node inhost.mjs CONFIG.json
//
// Prints a line of JSON for each test: {"test", "seconds", "error"}. The tests talk to this process over
// HTTP: they report results, and ask for what only somebody in front of the window can do.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { start, within } from "./workbench.mjs";

const config = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const here = path.dirname(fileURLToPath(import.meta.url));

const hands = {
  /** Close a notification by its cross. */
  async dismiss(page, { notification }) {
    const item = page.locator(".notification-list-item", { hasText: notification }).first();
    await item.hover({ timeout: 20_000 });
    await item.locator(".codicon-notifications-clear").click();
  },
  /** The texts of all notifications in the list of them, which must be open. */
  async notifications(page) {
    return page.locator(".notification-list-item-message").allInnerTexts();
  },
  /** Trust the workspace in the editor that VS Code has for that. */
  async trust(page) {
    const button = page.locator(".workspace-trust-editor .monaco-button", { hasText: "Trust" });
    await button.first().click({ timeout: 20_000 });
  },
  /** The rows of the list to pick from. */
  async quickPick(page) {
    const rows = page.locator(".quick-input-list .monaco-list-row");
    await rows.first().waitFor({ timeout: 20_000 });
    return rows.allInnerTexts();
  },
  async statusBar(page) {
    return page.locator(".statusbar-item").allInnerTexts();
  },
};

let page;
const service = http.createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const message = JSON.parse(body);
  try {
    if (message.report) {
      process.stdout.write(`${JSON.stringify(message.report)}\n`);
      response.end("null");
    } else {
      response.end(JSON.stringify((await hands[message.hand](page, message)) ?? null));
    }
  } catch (error) {
    response.statusCode = 500;
    response.end(JSON.stringify(String(error.message)));
  }
});
await new Promise((resolve) => service.listen(0, "127.0.0.1", resolve));

const environment = {
  ...config.environment,
  ORPS_TEST_GROUP: config.group,
  ORPS_TEST_DRIVER: String(service.address().port),
  ORPS_TEST_FIXTURES: JSON.stringify(config.fixtures),
};
const workbench = await start({ ...config, environment });
let code = 1;
try {
  page = workbench.page;
  const exit = new Promise((resolve) => page.exposeFunction("codeAutomationExit", resolve));
  await page.exposeFunction("codeAutomationLog", () => {});
  const log = fs.createWriteStream(path.join(config.folder, "console.log"));
  page.on("console", (message) => log.write(`${message.text()}\n`));
  await workbench.open(page, config.workspace, [
    ["extensionDevelopmentPath", workbench.remote + config.extension],
    ["extensionTestsPath", `${workbench.remote}${here}/inhost/index.js`],
  ]);
  code = await within(config.seconds, "the tests", exit);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
} finally {
  await page?.screenshot({ path: path.join(config.folder, "end.png") }).catch(() => {});
  await workbench.close();
  service.close();
}
process.exit(code);
