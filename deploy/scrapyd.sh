#!/bin/sh
# Runs scrapyd in FOLDER, which keeps its eggs, queue and logs: deploy/scrapyd.sh FOLDER
# Jobs run there too: they read FOLDER/.env, and a relative ALONCHAT_DATA_DIR is under it.
set -eu
: "${1:?say in which folder to run: deploy/scrapyd.sh FOLDER}"
# Without them scrapyd would start just the same, open to everybody on this machine.
: "${SCRAPYD_USERNAME:?must be set: the user that deploys and schedules}"
: "${SCRAPYD_PASSWORD:?must be set}"

here=$(cd "$(dirname "$0")" && pwd)
umask 077 # logs, queue and eggs are nobody else's
mkdir -p "$1"
cd "$1"
if [ -e scrapy.cfg ]; then
    echo "$1 holds a checkout, whose code jobs would run instead of the deployed egg's: take another folder." >&2
    exit 1
fi
cp "$here/scrapyd.conf" scrapyd.conf # scrapyd reads the one where it is started
PATH="$here/../.venv/bin:$PATH"
export PATH
# scrapyd's own start-up warning, once for every job; requirements.txt has the pin that it asks for.
export PYTHONWARNINGS="${PYTHONWARNINGS:-ignore:pkg_resources is deprecated:UserWarning}"
exec scrapyd --pidfile= # none: one that a crash leaves behind can prevent the next start
