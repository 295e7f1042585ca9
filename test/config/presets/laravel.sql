-- Laravel's first migration.
CREATE TABLE users (
  id bigserial PRIMARY KEY,
  name varchar(255) NOT NULL,
  email varchar(255) NOT NULL UNIQUE,
  email_verified_at timestamp(0),
  password varchar(255) NOT NULL,
  remember_token varchar(100),
  created_at timestamp(0),
  updated_at timestamp(0)
);
CREATE TABLE sessions (
  id varchar(255) PRIMARY KEY,
  user_id bigint,
  ip_address varchar(45),
  user_agent text,
  payload text NOT NULL,
  last_activity integer NOT NULL
);
