// What Rekey makes of each parameter that a connection string of PostgreSQL may carry.

/** `ours`: read here. `server`: a run-time setting, sent as it is. `foreign`: another driver's. */
export type ParameterKind = 'ours' | 'server' | 'foreign' | 'libpq' | 'unknown'

/** https://www.postgresql.org/docs/current/libpq-connect.html, as far as it has a meaning here. */
const OURS = [
  ...['host', 'port', 'user', 'password', 'dbname', 'connect_timeout', 'target_session_attrs'],
  ...['sslmode', 'ssl', 'schema', 'currentSchema', 'schema_search_path', 'statement_timeout'],
]
const SERVER = [
  ...['application_name', 'search_path', 'options', 'role', 'lock_timeout', 'transaction_timeout'],
  ...['idle_in_transaction_session_timeout', 'idle_session_timeout', 'work_mem', 'jit'],
  ...['plan_cache_mode', 'row_security', 'client_connection_check_interval'],
]
/** Dropping one of these in silence would weaken what its writer asked for. */
const LIBPQ =
  /^(?:channel_binding|ssl(?:rootcert|cert|certmode|key|password|crl|crldir|sni|compression|negotiation|keylogfile|_(?:min|max)_protocol_version)|gss(?:encmode|lib|delegation)|krbsrvname|require(?:_auth|peer|ssl)|passfile|service|servicefile|hostaddr|load_balance_hosts|replication|(?:min|max)_protocol_version|scram_(?:client|server)_key|oauth_\w+)$/

/**
 * Compared without regard to case, hyphens and underscores: `poolSize`, `pool-size` and `pool_size` are
 * one. TimeZone, DateStyle and client_encoding are Rekey's own to set.
 */
const FOREIGN = new Set(
  [
    // Prisma, and Supabase's and Vercel's ways to write a URL for it
    'pgbouncer connection_limit pool_timeout socket_timeout statement_cache_size sslaccept sslidentity',
    'max_connection_lifetime max_idle_connection_lifetime single_use_connections supa workaround',
    // SQLAlchemy, asyncpg, psycopg, databases
    'prepared_statement_cache_size prepared_statement_name_func command_timeout timeout server_settings',
    'min_size max_size max_queries max_inactive_connection_lifetime max_cached_statement_lifetime',
    'max_cacheable_statement_size async_fallback executemany_mode use_native_hstore direct_tls',
    'max_overflow pool_recycle pool_pre_ping pool_use_lifo isolation_level echo future autocommit',
    'prepare_threshold gsslib_fallback',
    // JDBC, R2DBC
    'prepareThreshold preparedStatementCacheQueries preparedStatementCacheSizeMiB databaseMetadataCacheFields',
    'defaultRowFetchSize loginTimeout connectTimeout socketTimeout cancelSignalTimeout tcpKeepAlive',
    'tcpNoDelay reWriteBatchedInserts stringtype targetServerType loadBalanceHosts hostRecheckSeconds',
    'binaryTransfer autosave cleanupSavepoints assumeMinServerVersion preferQueryMode sslfactory',
    'sslhostnameverifier logUnclosedConnections readOnly readOnlyMode unknownLength',
    // node-postgres, Sequelize, TypeORM, Knex, postgres.js
    'max min idleTimeoutMillis connectionTimeoutMillis query_timeout keepAlive allowExitOnIdle binary',
    'uselibpqcompat keepAliveInitialDelayMillis poolMax poolMin maxUses idle_timeout max_lifetime',
    'max_pipeline backoff prepare debug fetch_types publications logging synchronize dialect',
    // Rails, Ecto
    'pool encoding reaping_frequency prepared_statements checkout_timeout min_messages advisory_locks',
    'statement_limit adapter reconnect insert_returning variables pool_size queue_target queue_interval',
    'socket_options ownership_timeout',
    // Django
    'conn_max_age conn_health_checks ssl_require disable_server_side_cursors atomic_requests engine',
    // Laravel, Doctrine
    'charset prefix prefix_indexes serverVersion driver default_dbname persistent keepSlave collation',
    // pgx, lib/pq, sqlx, Npgsql
    'pool_max_conns pool_min_conns pool_min_idle_conns pool_max_conn_lifetime pool_max_conn_idle_time',
    'pool_max_conn_lifetime_jitter pool_health_check_period default_query_exec_mode statement_cache_mode',
    'statement_cache_capacity description_cache_capacity prefer_simple_protocol min_read_buffer_size',
    'binary_parameters disable_prepared_binary_result fallback_application_name pooling minPoolSize',
    'maxPoolSize',
    // libpq's own ways to keep a connection open, which the driver has others for
    'keepalives keepalives_idle keepalives_interval keepalives_count tcp_user_timeout',
    'timezone datestyle client_encoding',
  ].flatMap((line) => line.split(' ').map(fold)),
)

/** Says what becomes of a parameter, by its name. */
export function classifyParameter(name: string): ParameterKind {
  if (OURS.includes(name)) return 'ours'
  // PostgreSQL takes any setting with a dot in its name, and policies may read it.
  if (SERVER.includes(name) || /^[a-z_]\w*\.\w+$/i.test(name)) return 'server'
  if (FOREIGN.has(fold(name)) || /^x-[\w-]+$/.test(name)) return 'foreign'
  return LIBPQ.test(name) ? 'libpq' : 'unknown'
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, '')
}
