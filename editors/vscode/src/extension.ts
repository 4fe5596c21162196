// Puts the parts together; what is exported is for other extensions, and for the tests.
import * as vscode from "vscode";
import { DidChangeConfigurationNotification, type LanguageClient } from "vscode-languageclient/node";
import { registerCommands } from "./commands";
import { Comparisons } from "./compare";
import { VirtualDocuments } from "./documents";
import { Installation } from "./install";
import { middleware, PREVIEW } from "./middleware";
import { Previews } from "./preview";
import {
  COMMAND,
  type Comparison,
  execute,
  type Finished,
  FINISHED,
  type Progress,
  PROGRESS,
  type Report,
  type Status,
  STATUS,
} from "./protocol";
import { onInterpreterSelected } from "./python";
import { ReportPanel } from "./report";
import { type Life, Server } from "./server";
import { setContext, StatusBar } from "./statusbar";

/** What `activate` returns. */
export interface Api {
  /** The process: "running", "missing", ... */
  readonly life: Life;
  /** What the status bar says. */
  readonly statusText: string;
  /** The server's last `orps/status`. */
  readonly status: Status | undefined;
  readonly onDidProgress: vscode.Event<Progress>;
  readonly onDidFinish: vscode.Event<Finished>;
}

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<Api> {
  const log = vscode.window.createOutputChannel("ORPS", { log: true });
  const trace = vscode.window.createOutputChannel("ORPS trace", { log: true });
  const progressed = new vscode.EventEmitter<Progress>();
  const finished = new vscode.EventEmitter<Finished>();
  const status = new StatusBar("orps.client.status");
  const documents = new VirtualDocuments();
  const previews = new Previews(documents);
  const comparisons = new Comparisons(documents);
  const report = new ReportPanel();

  const views = {
    [COMMAND.compare]: (answer: Comparison) => comparisons.show(answer),
    [COMMAND.report]: (answer: Report) => report.show(answer),
  };
  const connect = (client: LanguageClient) => {
    let asked = false;
    client.onNotification(STATUS, (news: Status) => {
      status.setStatus(news);
      if (news.sandbox === null && !asked) {
        asked = true; // only who asks makes the server try which sandbox works
        const answer = execute<Status>(client, COMMAND.status);
        answer.then(
          (tried) => status.setStatus(tried),
          (error) => log.warn(`No status: ${error}`),
        );
      }
    });
    client.onNotification(PROGRESS, (news: Progress) => progressed.fire(news));
    client.onNotification(FINISHED, (news: Finished) => {
      finished.fire(news);
      void announce(news);
    });
  };
  const running = (server = new Server(
    context,
    new Installation(context, log),
    log,
    trace,
    middleware(views),
    connect,
  ));
  running.onDidChange((life) => {
    status.setLife(life);
    if (life === "running" || life === "missing") {
      void setContext("orps.serverFound", life === "running");
    }
  });

  // Events name settings that a workspace may set once it is trusted, changed or not.
  let command = configuredCommand();
  context.subscriptions.push(
    ...[log, trace, progressed, finished, status, documents, previews, report],
    registerCommands({ server: running, status, previews, comparisons, report, log }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => running.trust()),
    vscode.workspace.onDidChangeConfiguration(() => {
      const before = command;
      command = configuredCommand();
      if (command !== before) {
        void running.restart();
      }
    }),
    await onInterpreterSelected(() => {
      void running.client?.sendNotification(DidChangeConfigurationNotification.type, {
        settings: null,
      });
    }),
  );
  void running.restart(); // VS Code need not wait for it
  return {
    get life() {
      return running.life;
    },
    get statusText() {
      return status.text;
    },
    get status() {
      return status.known;
    },
    onDidProgress: progressed.event,
    onDidFinish: finished.event,
  };
}

export function deactivate(): Promise<void> | undefined {
  return server?.stop();
}

function configuredCommand(): string {
  return JSON.stringify(vscode.workspace.getConfiguration("orps").get("server.command"));
}

/** Say that a search has found something; what failed the server says itself. */
async function announce(news: Finished): Promise<void> {
  const wanted = vscode.workspace.getConfiguration("orps").get<boolean>("notifyWhenFinished", true);
  if (!wanted || news.refinements.length === 0) {
    return;
  }
  const text = `ORPS: ${news.message}`;
  const answer = await vscode.window.showInformationMessage(text, "Preview", "Report");
  if (answer === "Preview") {
    await vscode.commands.executeCommand(PREVIEW, { job: news.job });
  } else if (answer === "Report") {
    await vscode.commands.executeCommand(COMMAND.report, { job: news.job });
  }
}
