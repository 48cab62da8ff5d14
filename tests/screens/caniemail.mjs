// Asks caniemail.com's data what Gmail, Outlook and Apple Mail make of a mail.
// Usage: node caniemail.mjs FOLDER_OF_THE_PACKAGE MAIL.html...
// Prints {file: {feature: [clients that lack it]}} as JSON.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, ...files] = process.argv.slice(2);
const entry = createRequire(pathToFileURL(`${folder}/`)).resolve("caniemail");
const { caniemail } = await import(pathToFileURL(entry));

const answer = {};
for (const file of files) {
  const html = readFileSync(file, "utf8");
  const { issues } = caniemail({ clients: ["gmail.*", "outlook.*", "apple-mail.*"], html });
  const lacking = {};
  for (const [client, found] of issues.errors) {
    for (const { title } of found) (lacking[title] ??= new Set()).add(client);
  }
  answer[file] = Object.fromEntries(
    Object.entries(lacking).map(([title, clients]) => [title, [...clients].sort()]),
  );
}
console.log(JSON.stringify(answer));
