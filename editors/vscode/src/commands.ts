// The commands of the palette. The server's own (orps.refine, ...) are registered by the client.
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { Comparisons } from "./compare";
import { PREVIEW } from "./middleware";
import { chooseModel } from "./models";
import type { Previews } from "./preview";
import { COMMAND, execute, type Comparison, type Known, type Report } from "./protocol";
import type { ReportPanel } from "./report";
import type { Server } from "./server";
import { setContext, type StatusBar } from "./statusbar";

export interface Parts {
  server: Server;
  status: StatusBar;
  previews: Previews;
  comparisons: Comparisons;
  report: ReportPanel;
  log: vscode.LogOutputChannel;
}

const INTENTS = [
  { label: "$(beaker) Let the tests decide", description: "fix it if one fails, else optimise it" },
  { label: "$(rocket) Optimise", description: "faster", intent: "optimise" },
  { label: "$(list-flat) Simplify", description: "shorter and plainer", intent: "simplify" },
  { label: "$(wrench) Fix", description: "make its tests pass", intent: "fix" },
];

/** Register them all. A command that needs the server says so where it does not run. */
export function registerCommands(parts: Parts): vscode.Disposable {
  const { server, previews } = parts;
  const needing =
    (act: (client: LanguageClient, argument: unknown) => Promise<unknown>) =>
    async (argument?: unknown) => {
      if (server.client === undefined) {
        return explain(server);
      }
      // What the server refuses it has shown; what fails here is in the log.
      return act(server.client, argument).catch((error) => parts.log.error(String(error)));
    };
  const all: Record<string, (argument?: unknown) => unknown> = {
    "orps.client.refine": needing((client, intent) => refine(client, intent)),
    "orps.client.cancel": needing((client) => execute(client, COMMAND.cancel)),
    [PREVIEW]: needing((client, argument) => preview(client, previews, argument)),
    "orps.client.next": needing(() => previews.next()),
    "orps.client.accept": needing(() => previews.accept()),
    "orps.client.discard": () => previews.discard(),
    "orps.client.compare": needing((client) => compare(client, parts.comparisons)),
    "orps.client.report": needing((client) => report(client, parts.report)),
    "orps.client.model": needing((client) => chooseModel(client)),
    "orps.client.status": () => showStatus(parts),
    "orps.client.install": () => server.install(),
    "orps.client.restart": () => server.restart(),
    "orps.client.log": () => parts.log.show(),
  };
  const registrations = Object.entries(all).map(([id, act]) =>
    vscode.commands.registerCommand(id, act),
  );
  return vscode.Disposable.from(...registrations);
}

/** Where the cursor is, as the server's commands take it. */
function place(): { uri: string; position: vscode.Position } | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId === "python" && editor.document.uri.scheme === "file") {
    return { uri: editor.document.uri.toString(), position: editor.selection.active };
  }
  void vscode.window.showInformationMessage("ORPS: Put the cursor into a Python function first.");
  return undefined;
}

async function refine(client: LanguageClient, intent: unknown): Promise<unknown> {
  const where = place();
  if (where === undefined) {
    return undefined;
  }
  let wanted = typeof intent === "string" ? intent : undefined;
  if (wanted === undefined) {
    const placeHolder = "What should a better version of this function be?";
    const choice = await vscode.window.showQuickPick(INTENTS, { placeHolder });
    if (choice === undefined) {
      return undefined;
    }
    wanted = choice.intent;
  }
  const answer = await execute(client, COMMAND.refine, { ...where, intent: wanted });
  await setContext("orps.hasRefined", true);
  return answer;
}

/** What is known of the function at the cursor; says so if that is nothing. */
async function found(client: LanguageClient): Promise<(Known & { job: number }) | undefined> {
  const where = place();
  const known = where && (await execute<Known>(client, COMMAND.find, where));
  if (known === undefined) {
    return undefined;
  }
  const { job } = known;
  if (job === undefined || job === null || known.refinements.length === 0) {
    const text = `ORPS: There are no refinements of ${known.function} yet.`;
    if (await vscode.window.showInformationMessage(text, "Refine")) {
      await refine(client, undefined);
    }
    return undefined;
  }
  return { ...known, job };
}

/** `argument` is `{job}` where a lens, a code action or a notification asks. */
async function preview(
  client: LanguageClient,
  previews: Previews,
  argument: unknown,
): Promise<void> {
  const job = (argument as { job?: unknown } | undefined)?.job;
  if (typeof job === "number") {
    const { refinements } = await execute<Comparison>(client, COMMAND.compare, { job });
    return previews.show(client, job, refinements);
  }
  const known = await found(client);
  return known && previews.show(client, known.job, known.refinements);
}

async function compare(client: LanguageClient, comparisons: Comparisons): Promise<void> {
  const known = await found(client);
  if (known) {
    await comparisons.show(await execute<Comparison>(client, COMMAND.compare, { job: known.job }));
  }
}

/** Of the function at the cursor; without results there, the newest. */
async function report(client: LanguageClient, panel: ReportPanel): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  let job: number | null | undefined;
  if (editor?.document.languageId === "python" && editor.document.uri.scheme === "file") {
    const where = { uri: editor.document.uri.toString(), position: editor.selection.active };
    const known = await execute<Known>(client, COMMAND.find, where).catch(() => undefined);
    job = known?.active ? undefined : known?.job;
  }
  await panel.show(await execute<Report>(client, COMMAND.report, job ? { job } : {}));
}

/** The status in words, and what can be done about it. */
async function showStatus({ server, status }: Parts): Promise<void> {
  const items = [
    ...(server.client === undefined
      ? [{ label: "$(cloud-download) Install or update the server", run: "orps.client.install" }]
      : [
          { label: "$(sparkle) Refine the function at the cursor", run: "orps.client.refine" },
          { label: "$(database) Choose a model", run: "orps.client.model" },
          { label: "$(file) Show the newest report", run: "orps.client.report" },
        ]),
    ...(status.known?.state === "untrusted"
      ? [{ label: "$(shield) Trust this workspace", run: "workbench.trust.manage" }]
      : []),
    ...(status.known?.running
      ? [{ label: "$(debug-stop) Cancel all searches", run: "orps.client.cancel" }]
      : []),
    { label: "$(debug-restart) Restart the server", run: "orps.client.restart" },
    { label: "$(output) Show the log", run: "orps.client.log" },
  ];
  const title = status.text.replace(/^\$\([^)]*\) /, "");
  const placeHolder = status.known?.message ?? "";
  const choice = await vscode.window.showQuickPick(items, { title, placeHolder });
  if (choice) {
    await vscode.commands.executeCommand(choice.run);
  }
}

async function explain(server: Server): Promise<void> {
  const missing = server.life === "missing";
  const text = missing ? "ORPS: The server is not installed." : "ORPS: The server does not run yet.";
  const answer = await vscode.window.showInformationMessage(text, missing ? "Install" : "Restart");
  if (answer === "Install") {
    await server.install();
  } else if (answer === "Restart") {
    await server.restart();
  }
}
