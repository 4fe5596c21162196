// The item in the status bar: the server's state, the model, the sandbox.
import * as vscode from "vscode";
import type { Status } from "./protocol";
import type { Life } from "./server";

type Look = [icon: string, text: string, alarm?: boolean];

const LIVES: Record<Exclude<Life, "running">, Look> = {
  stopped: ["circle-slash", "stopped"],
  looking: ["loading~spin", "looking for its server"],
  missing: ["cloud-download", "not installed", true],
  starting: ["loading~spin", "starting"],
  crashed: ["error", "crashed", true],
};
const STATES: Record<Status["state"], Look> = {
  idle: ["sparkle", "ready"],
  refining: ["sync~spin", "refining"],
  fetching: ["sync~spin", "fetching a model"],
  untrusted: ["shield", "workspace not trusted"],
  no_model: ["cloud-download", "no model", true],
  no_sandbox: ["warning", "no sandbox", true],
};

/** Shows the newest of what the client and the server say of themselves. */
export class StatusBar implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private life: Life = "stopped";
  private status: Status | undefined;

  constructor(command: string) {
    this.item = vscode.window.createStatusBarItem("orps", vscode.StatusBarAlignment.Right, 90);
    this.item.name = "ORPS";
    this.item.command = command;
    this.draw();
    this.item.show();
  }

  /** What the item says, as text. */
  get text(): string {
    return this.item.text;
  }

  /** The server's own status, if it runs. */
  get known(): Status | undefined {
    return this.status;
  }

  setLife(life: Life): void {
    this.life = life;
    if (life !== "running") {
      this.status = undefined;
    }
    this.draw();
  }

  setStatus(status: Status): void {
    this.status = status;
    void setContext("orps.modelPresent", status.model?.present ?? false);
    this.draw();
  }

  dispose(): void {
    this.item.dispose();
  }

  private draw(): void {
    const [icon, text, alarm] = this.look();
    const details = this.status ? [model(this.status), sandbox(this.status)] : [];
    const quiet = this.status?.state === "idle" ? details : [];
    this.item.text = [`$(${icon}) ORPS: ${text}`, ...quiet].join(", ");
    this.item.backgroundColor = alarm
      ? new vscode.ThemeColor("statusBarItem.warningBackground")
      : undefined;
    const tooltip = new vscode.MarkdownString();
    tooltip.appendText(this.status?.message ?? `ORPS: ${text}`);
    if (this.status) {
      tooltip.appendMarkdown("\n\n");
      tooltip.appendText([...details, `version ${this.status.version}`].join(", "));
    }
    this.item.tooltip = tooltip;
  }

  private look(): Look {
    if (this.life !== "running") {
      return LIVES[this.life];
    }
    return this.status ? STATES[this.status.state] : ["sparkle", "ready"];
  }
}

/** What a `when` clause of package.json can ask for. */
export function setContext(key: string, value: unknown): Thenable<unknown> {
  return vscode.commands.executeCommand("setContext", key, value);
}

function model(status: Status): string {
  if (status.model === null) {
    return status.engine;
  }
  return status.model.present ? status.model.name : `${status.model.name} (to be fetched)`;
}

function sandbox(status: Status): string {
  if (status.sandbox === null) {
    return "sandbox not tried yet";
  }
  return status.sandbox || "no sandbox";
}
