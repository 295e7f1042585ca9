<?php
// An application on Laravel's own components, for host-apps.ts: users, sessions in the database,
// remembered browsers.

use Illuminate\Auth\Authenticatable;
use Illuminate\Auth\EloquentUserProvider;
use Illuminate\Auth\SessionGuard;
use Illuminate\Container\Container;
use Illuminate\Contracts\Auth\Authenticatable as AuthenticatableContract;
use Illuminate\Contracts\Auth\Guard;
use Illuminate\Contracts\Hashing\Hasher;
use Illuminate\Cookie\CookieJar;
use Illuminate\Database\Capsule\Manager;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Hashing\Argon2IdHasher;
use Illuminate\Hashing\BcryptHasher;
use Illuminate\Http\Request;
use Illuminate\Session\DatabaseSessionHandler;
use Illuminate\Session\Store;

foreach (['Auth', 'Container', 'Cookie', 'Database', 'Hashing', 'Http', 'Session'] as $component) {
    require_once "Illuminate/$component/autoload.php";
}

$capsule = new Manager();
$capsule->addConnection([
    'driver' => 'pgsql',
    'host' => getenv('PGHOST'),
    'port' => getenv('PGPORT'),
    'database' => getenv('PGDATABASE'),
    'username' => getenv('PGUSER'),
    'password' => getenv('PGPASSWORD'),
    'charset' => 'utf8',
]);
$capsule->bootEloquent();

class User extends Model implements AuthenticatableContract
{
    use Authenticatable;

    protected $guarded = [];
}

const HASHERS = ['bcrypt' => BcryptHasher::class, 'argon2id' => Argon2IdHasher::class];

function hasher(string $variant): Hasher
{
    // As Laravel's config/hashing.php may ask for: a hash of another algorithm is an error.
    $class = HASHERS[$variant];
    return new $class(['verify' => true]);
}

/** One request of a browser that brings these cookies. */
function guard(Hasher $hasher, ?string $session, array $cookies = []): array
{
    global $capsule;
    $container = new Container();
    $handler = new DatabaseSessionHandler($capsule->getConnection(), 'sessions', 120, $container);
    $store = new Store('session', $handler, $session);
    $store->start();
    $request = Request::create('/', 'GET', [], $cookies);
    $guard = new SessionGuard('web', new EloquentUserProvider($hasher, User::class), $store, $request);
    $guard->setCookieJar(new CookieJar());
    $container->instance(Guard::class, $guard);
    $container->instance('request', $request);
    return [$guard, $store];
}

function signUp(Hasher $hasher, string $email, string $password): string
{
    $hash = $hasher->make($password);
    User::create(['name' => 'Somebody', 'email' => $email, 'password' => $hash]);
    return password_get_info($hash)['algoName'];
}

function signIn(Hasher $hasher, string $email, string $password): ?array
{
    [$guard, $store] = guard($hasher, null);
    if (!$guard->attempt(['email' => $email, 'password' => $password], true)) {
        return null;
    }
    $store->save();
    $cookie = $guard->getCookieJar()->queued($guard->getRecallerName());
    return ['session' => $store->getId(), 'remembered' => $cookie->getValue()];
}

function still(Hasher $hasher, array $proofs): array
{
    [$bySession] = guard($hasher, $proofs['session']);
    $name = $bySession->getRecallerName();
    [$byCookie] = guard($hasher, null, [$name => $proofs['remembered']]);
    return ['session' => $bySession->check(), 'remembered' => $byCookie->check()];
}

function answer(array $step): mixed
{
    $hasher = hasher($step['variant']);
    return match ($step['do']) {
        'sign-up' => signUp($hasher, $step['email'], $step['password']),
        'sign-in' => signIn($hasher, $step['email'], $step['password']),
        'still' => still($hasher, $step['proofs']),
    };
}

// Its components do not know their version, and the package that they came in does.
$version = trim((string) shell_exec("dpkg-query --show --showformat='\${Version}' php-illuminate-auth"));
echo json_encode(['version' => $version, 'variants' => array_keys(HASHERS)]), "\n";
while (($line = fgets(STDIN)) !== false) {
    $step = json_decode($line, true, 16, JSON_THROW_ON_ERROR);
    echo json_encode(answer($step), JSON_THROW_ON_ERROR), "\n";
}
