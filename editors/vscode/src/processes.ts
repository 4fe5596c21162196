// Short-lived programs: interpreters that are asked something, pip.
import { type ChildProcess, spawn } from "node:child_process";
import type { CancellationToken } from "vscode";

export interface Ran {
  /** Null: it could not be started, was cancelled or took too long. */
  code: number | null;
  output: string;
}

interface Options {
  /** Where it runs. Never the workspace: Python imports from there. */
  cwd: string;
  env?: NodeJS.ProcessEnv;
  timeout_ms?: number;
  token?: CancellationToken;
  line?: (text: string) => void;
}

const WINDOWS = process.platform === "win32";

/** Run a program without a shell; never throws. */
export function run(command: string, args: string[], options: Options): Promise<Ran> {
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
      detached: !WINDOWS, // a group of its own, which can be ended as one
    });
    const end = (code: number | null) => {
      clearTimeout(timer);
      cancel?.dispose();
      resolve({ code, output });
    };
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      chunk.toString().split(/\r?\n/).filter(Boolean).forEach((text) => options.line?.(text));
    };
    const timer = setTimeout(() => kill(child), options.timeout_ms ?? 15_000);
    const cancel = options.token?.onCancellationRequested(() => kill(child));
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", (error) => {
      output += error.message;
      end(null);
    });
    child.on("close", end);
  });
}

/** End a program and what it has started: pip starts compilers. */
function kill(child: ChildProcess): void {
  if (child.pid === undefined) {
    return; // it never ran
  }
  if (WINDOWS) {
    spawn("taskkill", ["/pid", `${child.pid}`, "/t", "/f"], { windowsHide: true });
    return;
  }
  try {
    process.kill(-child.pid);
  } catch {
    // it has ended meanwhile
  }
}
