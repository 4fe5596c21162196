// Where the server's command comes from, and how it is installed if there is none.
import * as fs from "node:fs";
import * as path from "node:path";
import * as vscode from "vscode";
import { run } from "./processes";
import { hasServer, interpreterOf, interpreters, isNewEnough } from "./python";

const SERVE = ["-m", "orps_lsp", "serve"];
const INSTALL_MS = 30 * 60_000; // llama.cpp may have to be built
// A native build of llama.cpp crashes where the processor announces more than it can do.
const PORTABLE = "-DGGML_NATIVE=OFF -DLLAVA_BUILD=OFF";

/** The server's program and its arguments. */
export type Command = [program: string, ...args: string[]];

/** Finds the server, and installs it into an environment that belongs to this extension alone. */
export class Installation {
  readonly folder: string;
  private readonly environment: string;

  constructor(
    context: vscode.ExtensionContext,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.folder = context.globalStorageUri.fsPath;
    this.environment = path.join(this.folder, "server");
    fs.mkdirSync(this.folder, { recursive: true });
  }

  /** The setting, else our environment, else the first interpreter that has the package. */
  async find(): Promise<Command | undefined> {
    const configured = vscode.workspace.getConfiguration("orps").get<string[]>("server.command", []);
    const [program, ...args] = configured;
    if (program !== undefined) {
      return [program, ...args];
    }
    const own = interpreterOf(this.environment);
    if (fs.existsSync(own) && (await hasServer(own, this.folder))) {
      return [own, ...SERVE];
    }
    for await (const interpreter of interpreters()) {
      if (await hasServer(interpreter, this.folder)) {
        return [interpreter, ...SERVE];
      }
    }
    return undefined;
  }

  /** Install or update; shows progress, and what went wrong. Returns whether it worked. */
  async install(): Promise<boolean> {
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: "Installing the ORPS server",
      cancellable: true,
    };
    const failure = await vscode.window.withProgress(options, (progress, token) =>
      this.tryInstall((message) => progress.report({ message }), token),
    );
    if (failure !== undefined) {
      const answer = await vscode.window.showErrorMessage(`ORPS: ${failure}`, "Show log");
      if (answer) {
        this.log.show();
      }
    }
    return failure === undefined;
  }

  /** Returns what went wrong, in a sentence. */
  private async tryInstall(
    report: (message: string) => void,
    token: vscode.CancellationToken,
  ): Promise<string | undefined> {
    const interpreter = await this.baseInterpreter();
    if (interpreter === undefined) {
      return "No Python 3.10 or newer with the modules venv and ensurepip was found.";
    }
    const wanted = vscode.workspace
      .getConfiguration("orps")
      .get<string>("server.package", "orps-lsp");
    const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--upgrade"];
    const steps: [string, string, string[]][] = [
      ["making an environment", interpreter, ["-m", "venv", this.environment]],
      [`fetching ${wanted}`, interpreterOf(this.environment), [...pip, wanted]],
    ];
    for (const [message, program, args] of steps) {
      report(message);
      this.log.info([program, ...args].join(" "));
      const line = (text: string) => this.log.info(text);
      const ran = await run(program, args, {
        cwd: this.folder,
        env: { CMAKE_ARGS: PORTABLE, ...process.env },
        timeout_ms: INSTALL_MS,
        token,
        line,
      });
      if (token.isCancellationRequested) {
        return "The installation was cancelled.";
      }
      if (ran.code !== 0) {
        return `The server could not be installed: ${ran.output.trim().split("\n").at(-1)}`;
      }
    }
    return undefined;
  }

  private async baseInterpreter(): Promise<string | undefined> {
    for await (const interpreter of interpreters()) {
      if (await isNewEnough(interpreter, this.folder)) {
        return interpreter;
      }
    }
    return undefined;
  }
}
