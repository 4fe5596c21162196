// Choosing a model, and fetching it.
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { COMMAND, execute, type Model } from "./protocol";

/** Let the user choose; a model that is not here is fetched, with the server's own progress. */
export async function chooseModel(client: LanguageClient): Promise<void> {
  const { models, chosen } = await execute<{ models: Model[]; chosen: string }>(
    client,
    COMMAND.models,
  );
  const items = models.map((model) => ({
    model,
    label: `$(${model.name === chosen ? "check" : model.present ? "database" : "cloud-download"}) ${model.title}`,
    description: [
      `${model.parameters_billions} B parameters`,
      model.present ? "on this machine" : `${gigabytes(model.size_bytes)} to fetch`,
      model.default ? "suits this machine" : "",
    ]
      .filter(Boolean)
      .join(", "),
    detail: `${model.name}, takes ${gigabytes(model.memory_mb * 2 ** 20)} of memory, licence ${model.licence}`,
  }));
  const placeHolder = "The model that writes refinements; it runs on this machine";
  const choice = await vscode.window.showQuickPick(items, { placeHolder, matchOnDetail: true });
  if (choice === undefined) {
    return;
  }
  const { name, present } = choice.model;
  if (!present) {
    await execute(client, COMMAND.fetch, { model: name });
  }
  const configuration = vscode.workspace.getConfiguration("orps");
  await configuration.update("model", name, vscode.ConfigurationTarget.Global);
}

function gigabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
