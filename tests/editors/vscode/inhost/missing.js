// No server anywhere, until it is installed; then the Python extension names another interpreter.
const assert = require("node:assert/strict");
const vscode = require("vscode");
const { hand, fixtures } = require("./driver");
const { action, extension, message, notifications, open } = require("./support");
const { running, set, until } = require("./support");

const OFFER = "ORPS needs its server";

module.exports = {
  async "missing server: said in the status bar, with an offer to install it"() {
    await open("report.py");
    const api = await extension();
    await until("missing", () => api.life === "missing");
    assert.match(api.statusText, /not installed/);
    await message(new RegExp(OFFER));
  },

  async "missing server: an offer that was dismissed stays away"() {
    const api = await extension();
    await hand("dismiss", { notification: OFFER });
    await vscode.commands.executeCommand("orps.client.restart");
    await until("missing", () => api.life === "missing");
    const texts = await notifications();
    assert(!texts.some((text) => text.includes(OFFER)), texts.join());
  },

  async "installed into an environment of its own, and started"() {
    await set({ "orps.server.package": fixtures.package });
    await vscode.commands.executeCommand("orps.client.install");
    await running();
    await action(await open("report.py"), "unique", "Refine with ORPS: optimise");
  },

  async "a package that cannot be installed: the reason is shown"() {
    await set({ "orps.server.package": "/nowhere/orps_lsp-9-py3-none-any.whl" });
    // Ends when the message is closed.
    const installing = vscode.commands.executeCommand("orps.client.install");
    await message(/could not be installed: /);
    await hand("dismiss", { notification: "could not be installed" });
    await installing;
    await running(); // with what was installed before
  },
};
