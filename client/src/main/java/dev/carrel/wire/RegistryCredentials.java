package dev.carrel.wire;

/// Who pulls from a registry; a token goes into `password`.
public record RegistryCredentials(String username, String password) {
    @Override
    public String toString() {
        return "RegistryCredentials[***]";
    }
}
