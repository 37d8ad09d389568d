/// How sandboxes reach names: a resolver, and a proxy for those whose rules name hosts or secrets.
@org.jspecify.annotations.NullMarked
package dev.carrel.sandbox.egress;
