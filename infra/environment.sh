#!/bin/sh
# Make the environment with the first Python of at least 3.12 that is found; say which, or what to do.
set -eu
venv=$1

good() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null
}

python=
for candidate in "${PYTHON:-python3}" python3.12 python3.13 python3.14 python3.15 \
    "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python3 /usr/local/bin/python3; do
    if good "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "palyra needs Python 3.12 or later, and python3 is $(python3 --version 2>&1)." >&2
    echo "Install it, or name it: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
fi
echo "making $venv with $("$python" --version) (about two minutes, once)"
"$python" -m venv --clear "$venv" || {
    echo "the environment could not be made: install the venv module of $python (Debian: python3-venv)." >&2
    exit 1
}
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
# The `palyra` command, as it stands in this checkout.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
