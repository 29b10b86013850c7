/** Questions that analysts have; each is a tab. */
export const EXAMPLES: readonly string[] = [
  `# What did the newest hunt bring? Rows of all clients that you may see, with their client id.
query HuntRows {
  hunts(first: 1) {
    nodes {
      id
      description
      state
      partial
      rows(first: 50) {
        columns { name type }
        rows
        pageInfo { hasNextPage endCursor }
        failures { clientId message }
      }
    }
  }
}
`,
  `# Where does a program run? Rows of the newest hunt that fit an EFILTER condition over their columns.
query WhoRunsIt($where: String = "name =~ 'ssh'") {
  hunts(first: 1) {
    nodes {
      id
      rows(first: 100, where: $where) {
        rows
        scanned
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
`,
  `# How far are my hunts?
query HuntProgress {
  hunts(first: 20) {
    nodes {
      id
      description
      labels
      state
      createdAt
      partial
      stats { expected started done error crashed rejected skipped rows bytes }
      recruitment(points: 10) { seconds finished }
    }
  }
}
`,
  `# What went wrong, where, and why?
query WhatFailed {
  hunts(first: 5) {
    nodes {
      id
      description
      clients(first: 50, state: "Error") {
        nodes { clientId hostname error finishedAt ticketKey client { system osRelease agentVersion } }
      }
    }
  }
}
`,
  `# Which machines are these, and what do they say of themselves?
query FindHosts($start: String = "") {
  clients(first: 50, hostname: $start) {
    nodes {
      id
      hostname
      fqdn
      system
      osRelease
      agentVersion
      labels
      lastSeenAt
      detail { firstSeenAt bootAt clonedFrom capabilities }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  `# What was collected from each client lately?
query ClientHistory {
  clients(first: 10) {
    nodes {
      id
      hostname
      flows(first: 5) {
        nodes {
          id
          type
          description
          state
          error
          createdAt
          collections(first: 5) { nodes { id name rowCount contentBytes reportedAt } }
        }
      }
    }
  }
}
`,
  `# Which agents claim a label that no person gave them, or were impersonated?
query ClaimsAndQuarantine {
  clients(first: 100) {
    nodes { id hostname labels claims quarantined }
  }
  quarantine(first: 20) {
    nodes { at reason detail clientId flowId key }
  }
}
`,
  `# What is in the newest collections, and are the files what the tickets said?
query Evidence {
  collections(first: 20) {
    nodes {
      id
      flowId
      name
      rowCount
      key
      storedSha256
      contentSha256
      droppedColumns
      nullCoerced
      tables { name columns { name type } }
      client { hostname }
    }
  }
}
`,
  `# Who read collected data, and who was refused? Each search is itself on record.
query WhoLooked {
  read: audit(first: 20, action: "collections.read", outcome: "done") {
    nodes { at actor tokenId objectKind objectId address details seq }
  }
  refused: audit(first: 20, outcome: "denied") {
    nodes { at actor action objectKind objectId address }
  }
}
`,
  `# Start a hunt. The same idempotencyKey gives the same hunt: change it for another one.
mutation StartHunt {
  createHunt(
    idempotencyKey: "my-first-hunt"
    input: { type: "ListProcesses", labels: ["All"], description: "Running processes" }
  ) {
    id
    state
    labels
    specDigest
  }
}
`,
];
