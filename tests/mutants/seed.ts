/**
 * Loaded before the tests of a broken copy: properties try the same values each time, so that a break is
 * caught always or never, and what fails is not shrunk.
 */
import fc from "fast-check";

fc.configureGlobal({ seed: 20_260_101, endOnFailure: true });
