-- As `rekey migrate` makes it.
CREATE TABLE users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email text NOT NULL, password_hash text);
CREATE UNIQUE INDEX ON users (lower(email));
