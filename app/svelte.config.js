/** @type {import("@sveltejs/vite-plugin-svelte").SvelteConfig} */
export default {
  compilerOptions: {
    runes: true,
    // Templates are built node by node: no HTML is ever parsed, which Trusted Types would have to allow.
    fragments: "tree",
  },
};
