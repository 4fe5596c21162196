// What the tests of every group use.
const assert = require("node:assert/strict");
const fs = require("node:fs");
const vscode = require("vscode");
const { fixtures, hand } = require("./driver");

const ID = "orps-lsp.orps-lsp";

/** Wait until `probe` gives something; says what was seen last if it never does. */
async function until(what, probe, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  let seen;
  while (Date.now() < end) {
    seen = await probe();
    if (seen) return seen;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: still ${JSON.stringify(seen)} after ${seconds} s`);
}

function uriOf(name) {
  return vscode.Uri.joinPath(vscode.workspace.workspaceFolders[0].uri, name);
}

async function open(name) {
  const document = await vscode.workspace.openTextDocument(uriOf(name));
  await vscode.window.showTextDocument(document, { preview: false });
  return document;
}

/** Put the cursor on the line of a function's name. */
function goTo(document, name) {
  const at = document.positionAt(document.getText().indexOf(`def ${name}`) + 4);
  vscode.window.activeTextEditor.selection = new vscode.Selection(at, at);
  return at;
}

async function actions(document, name) {
  const at = goTo(document, name);
  const found = await vscode.commands.executeCommand(
    "vscode.executeCodeActionProvider",
    document.uri,
    new vscode.Range(at, at),
    undefined,
    20, // resolves the edits of so many
  );
  return found ?? [];
}

async function action(document, name, title) {
  const what = `action ${title} on ${name}`;
  const look = async () => (await actions(document, name)).find((each) => each.title.startsWith(title));
  return until(what, look, 45);
}

/** Do what choosing a code action does. */
async function choose({ edit, command }) {
  if (edit) assert(await vscode.workspace.applyEdit(edit));
  return command && vscode.commands.executeCommand(command.command, ...(command.arguments ?? []));
}

async function lenses(document, name) {
  const { line } = goTo(document, name);
  const all = await vscode.commands.executeCommand("vscode.executeCodeLensProvider", document.uri, 50);
  return (all ?? []).filter((lens) => lens.range.start.line === line).map((lens) => lens.command);
}

async function hover(document, name) {
  const at = goTo(document, name);
  const pages = await vscode.commands.executeCommand("vscode.executeHoverProvider", document.uri, at);
  return pages.flatMap((page) => page.contents.map((part) => part.value ?? part)).join("\n");
}

/** The extension's exports. */
async function extension() {
  const found = vscode.extensions.getExtension(ID);
  assert(found, "the extension is not there");
  return found.activate();
}

async function running() {
  const api = await extension();
  await until("the server runs", () => api.life === "running" && api.status && api);
  return api;
}

/** The texts of all messages that were shown and not closed: under test, they come up only in the list. */
async function notifications() {
  await vscode.commands.executeCommand("notifications.showList");
  return hand("notifications");
}

/** Wait for a message. */
function message(pattern) {
  return until(`message ${pattern}`, async () => (await notifications()).find((text) => pattern.test(text)));
}

/** Process numbers of the server: children of this process. */
function servers() {
  const children = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return children.map(Number).filter((pid) => {
    try {
      const parent = /^PPid:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1];
      const command = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return Number(parent) === process.pid && command.includes("orps_lsp\0serve");
    } catch {
      return false; // it has just ended
    }
  });
}

/** Change settings as a user does who edits the file. */
async function set(values) {
  const file = fixtures.settings;
  const all = { ...JSON.parse(fs.readFileSync(file, "utf8")), ...values };
  for (const [name, value] of Object.entries(values)) if (value === null) delete all[name];
  fs.writeFileSync(file, JSON.stringify(all));
  const matches = ([name, value]) =>
    JSON.stringify(vscode.workspace.getConfiguration().inspect(name)?.globalValue ?? null) ===
    JSON.stringify(value);
  await until("VS Code reads the settings", () => Object.entries(values).every(matches));
}

/**
 * Give the next search a script, and wait until the server has it: all its settings come at once,
 * and that of lenses can be seen.
 */
async function script(name, candidates, rounds) {
  const settings = { "orps.script": name, "orps.candidates": candidates, "orps.rounds": rounds };
  const document = await vscode.workspace.openTextDocument(uriOf("flags.py"));
  const lensCount = async () => {
    const found = await vscode.commands.executeCommand("vscode.executeCodeLensProvider", document.uri);
    return found?.length ?? 0;
  };
  await set({ ...settings, "orps.code_lens": "off" });
  await until("no lenses", async () => (await lensCount()) === 0);
  await set({ "orps.code_lens": null });
  await until("lenses", lensCount);
}

/** Run a short search with a script, from the code action to its end. */
async function refine(document, name, answers) {
  const api = await running();
  await script(answers, 2, 1);
  const ends = new Promise((resolve) => {
    const listening = api.onDidFinish((news) => {
      if (news.function === name) resolve((listening.dispose(), news));
    });
  });
  await choose(await action(document, name, "Refine with ORPS: optimise"));
  return ends;
}

async function closeAll() {
  for (const document of vscode.workspace.textDocuments.filter((each) => each.isDirty)) {
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand("workbench.action.files.revert");
  }
  await vscode.commands.executeCommand("workbench.action.closeAllEditors");
}

const activeDiff = () => {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputTextDiff ? input : undefined;
};

module.exports = {
  ...{ action, actions, activeDiff, choose, closeAll, extension, fixtures, goTo, hover, lenses },
  ...{ message, notifications, open, refine, running, script, servers, set, until, uriOf },
};
