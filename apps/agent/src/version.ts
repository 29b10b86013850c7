/** The version that tickets carry; the same as package.json's (asserted by a test). */
export const AGENT_VERSION = '0.1.0';
