<?php
// Does jobs with PHP's own password functions: JSON in, JSON out, as frameworks.ts describes.

const ALGORITHMS = [
    'bcrypt_2y' => PASSWORD_BCRYPT,
    'argon2id' => PASSWORD_ARGON2ID,
    'argon2i' => PASSWORD_ARGON2I,
];

function answer(array $job): string|bool
{
    if ($job['do'] === 'hash') {
        return password_hash($job['password'], ALGORITHMS[$job['format']], $job['parameters'] ?? []);
    }
    // Laravel asks first whether the hash is one of PHP's own.
    $isOwn = password_get_info($job['hash'])['algo'] === ALGORITHMS[$job['format']];
    return $isOwn && password_verify($job['password'], $job['hash']);
}

$jobs = json_decode(stream_get_contents(STDIN), true, 16, JSON_THROW_ON_ERROR);
echo json_encode([
    'version' => PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION . '.' . PHP_RELEASE_VERSION,
    'formats' => array_keys(ALGORITHMS),
    'answers' => array_map('answer', $jobs),
], JSON_THROW_ON_ERROR);
