# Makes any root file system fit for sandboxes. Runs on the host, as the last step of a build, with
# the root file system in $1.
root=$1

# Nothing may raise its rights but the tools whose purpose it is. A change of owner, even to the
# same one, is what drops file capabilities: sandboxes lack some of them, and the program then
# does not start at all (ping).
find "$root" -xdev -type f -perm /111 -user root -group root \
    ! -path "$root/usr/bin/su" ! -path "$root/bin/su" ! -path "$root/usr/bin/sudo" \
    -exec chown root:root {} +
find "$root" -xdev -type f -perm /6000 \
    ! -path "$root/usr/bin/su" ! -path "$root/bin/su" ! -path "$root/usr/bin/sudo" \
    -exec chmod ug-s {} +

# The build's apt settings may name proxies and files of the host.
rm -f "$root/etc/apt/apt.conf.d/99mmdebstrap"
cat >"$root/etc/apt/apt.conf.d/90sandbox" <<'APT'
Acquire::Languages "none";
APT::Install-Recommends "false";
DPkg::Options { "--force-unsafe-io"; };
APT

# Each sandbox gets its own of these when it starts; here are the places to put them.
rm -f "$root/etc/resolv.conf" "$root/etc/hosts" "$root/etc/hostname"
: >"$root/etc/resolv.conf"
: >"$root/etc/hosts"
echo sandbox >"$root/etc/hostname"
: >"$root/etc/machine-id"

mkdir -p "$root/workspace"
chmod 755 "$root" "$root/workspace"
