// The server's life: found, started, restarted after a crash, told of trust.
import * as vscode from "vscode";
import {
  CloseAction,
  type ClientCapabilities,
  type ErrorHandler,
  LanguageClient,
  type Middleware,
  RevealOutputChannelOn,
  State,
  type StaticFeature,
} from "vscode-languageclient/node";
import type { Command, Installation } from "./install";
import { askOnce } from "./prompts";
import { TRUST } from "./protocol";

/** What the server is doing as a process. */
export type Life = "stopped" | "looking" | "missing" | "starting" | "running" | "crashed";

const NAME = "ORPS";

/** Announces what goes beyond LSP: docs/protocol.md, "At the start". */
class Announcement implements StaticFeature {
  fillClientCapabilities(capabilities: ClientCapabilities): void {
    const orps = { notifications: true, views: true };
    capabilities.experimental = { ...(capabilities.experimental as object), orps };
  }
  initialize(): void {}
  getState() {
    return { kind: "static" } as const;
  }
  clear(): void {}
}

/** Owns the language client; there is one as long as the server runs or is being restarted. */
export class Server implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<Life>();
  readonly onDidChange = this.changed.event;
  private current: LanguageClient | undefined;
  private state: Life = "stopped";
  private crashTold = false;
  private busy: Promise<void> = Promise.resolve();

  /** `connect` gives a new client its handlers, before it starts. */
  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly installation: Installation,
    private readonly log: vscode.LogOutputChannel,
    private readonly trace: vscode.LogOutputChannel,
    private readonly middleware: Middleware,
    private readonly connect: (client: LanguageClient) => void,
  ) {}

  get life(): Life {
    return this.state;
  }

  /** The client, if the server runs. */
  get client(): LanguageClient | undefined {
    return this.state === "running" ? this.current : undefined;
  }

  /** Start, or start anew; requests to do so are taken one after the other. */
  restart(): Promise<void> {
    this.busy = this.busy.then(() => this.stop()).then(() => this.start());
    return this.busy;
  }

  /** Install the server and start it. */
  async install(): Promise<void> {
    await this.stop(); // its files are about to be replaced
    await this.installation.install();
    await this.restart();
  }

  /** Code of the workspace may run from now on. */
  async trust(): Promise<void> {
    if (this.client) {
      await this.client.sendNotification(TRUST, { trusted: true });
    } else if (this.state === "missing") {
      await this.restart(); // interpreters of the workspace count now
    }
  }

  async stop(): Promise<void> {
    const client = this.current;
    this.current = undefined;
    this.become("stopped");
    await client?.dispose().catch((error) => this.log.warn(`Stopping: ${error}`));
  }

  dispose(): Promise<void> {
    return this.stop();
  }

  private async start(): Promise<void> {
    this.become("looking");
    const command = await this.installation.find();
    if (command === undefined) {
      this.become("missing");
      void this.offerToInstall();
      return;
    }
    this.log.info(`Server: ${command.join(" ")}`);
    const client = this.create(command);
    this.current = client;
    this.connect(client);
    client.onDidChangeState(({ newState }) => {
      if (client === this.current && newState !== State.Stopped) {
        this.become(newState === State.Running ? "running" : "starting");
      }
    });
    try {
      await client.start();
    } catch (error) {
      this.log.error(`The server did not start: ${error}`);
      if (client === this.current && this.state !== "crashed") {
        this.become("crashed");
        void this.tell("error", "The server did not start.");
      }
    }
  }

  private create([program, ...args]: Command): LanguageClient {
    // Not in the workspace: Python would import the server's modules from there.
    const options = { cwd: this.installation.folder };
    const client: LanguageClient = new LanguageClient(
      "orps",
      NAME,
      { command: program, args, options },
      {
        documentSelector: [{ scheme: "file", language: "python" }],
        outputChannel: this.log,
        traceOutputChannel: this.trace,
        revealOutputChannelOn: RevealOutputChannelOn.Never,
        initializationOptions: () => ({ trusted: vscode.workspace.isTrusted }),
        middleware: this.middleware,
        errorHandler: this.errorHandler(() => client),
      },
    );
    client.registerFeature(new Announcement());
    return client;
  }

  /** The client's default policy (four restarts in three minutes), and a message of our own. */
  private errorHandler(client: () => LanguageClient): ErrorHandler {
    let policy: ErrorHandler | undefined;
    const byDefault = () => (policy ??= client().createDefaultErrorHandler());
    return {
      error: (...failure) => byDefault().error(...failure),
      closed: async () => {
        const result = await byDefault().closed();
        if (client() !== this.current) {
          return { action: CloseAction.DoNotRestart, handled: true };
        }
        if (result.action === CloseAction.DoNotRestart) {
          this.become("crashed");
          void this.tell("error", "The server ended again and again, and is not restarted.");
        } else if (!this.crashTold) {
          this.crashTold = true;
          void this.tell("warning", "The server ended unexpectedly and was started again.");
        }
        return { ...result, handled: true };
      },
    };
  }

  private async tell(kind: "error" | "warning", text: string): Promise<void> {
    const show =
      kind === "error" ? vscode.window.showErrorMessage : vscode.window.showWarningMessage;
    const answer = await show(`ORPS: ${text}`, "Restart", "Show log");
    if (answer === "Restart") {
      await this.restart();
    } else if (answer === "Show log") {
      this.log.show();
    }
  }

  private async offerToInstall(): Promise<void> {
    const text =
      "ORPS needs its server, the Python package orps-lsp. Install it into an environment of its own?";
    if ((await askOnce(this.context.globalState, "install", text, "Install")) === "Install") {
      await this.install();
    }
  }

  private become(life: Life): void {
    if (life !== this.state) {
      this.state = life;
      this.changed.fire(life);
    }
  }
}
