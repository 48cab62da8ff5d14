#!/usr/bin/env bash
# Finds Chromium for the tests that look at mails, or installs it where apt-get and root allow.
set -euo pipefail

for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null; then exit 0; fi
done

fix="the tests that look at mails in a browser will be skipped; install Chromium to run them"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "No Chromium: $fix." >&2
    exit 0
fi

echo "Installing Chromium with apt-get, for the tests that look at mails in a browser."
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    chromium fonts-dejavu-core fonts-noto-color-emoji; } >/dev/null; then
    echo "apt-get could not install Chromium: $fix." >&2
fi
