# Does jobs with Ruby's bcrypt, by the steps of Devise::Encryptor: JSON in, JSON out, as
# frameworks.ts describes.

require 'bcrypt'
require 'json'

def answer(job)
  peppered = "#{job['password']}#{job['pepper']}"
  return BCrypt::Password.create(peppered, **(job['parameters'] || {}).transform_keys(&:to_sym)).to_s if job['do'] == 'hash'

  stored = BCrypt::Password.new(job['hash'])
  BCrypt::Engine.hash_secret(peppered, stored.salt) == job['hash']
end

version = Gem.loaded_specs['bcrypt']&.version || Gem::Specification.find_by_name('bcrypt').version
answers = JSON.parse($stdin.read).map { |job| answer(job) }
puts JSON.generate(version: version.to_s, formats: ['bcrypt'], answers: answers)
