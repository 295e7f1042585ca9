// The types of node-version.js.

/** Says what is wrong with a version of Node, in one line; undefined for one that is new enough. */
export declare function explainOldNode(version: string): string | undefined
