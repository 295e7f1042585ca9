# An application on Devise and Active Record, for host-apps.ts: users with sessions, remembered browsers
# and Devise's own reset links.

require 'json'
require 'active_record'
require 'devise'
require 'devise/orm/active_record'
require 'devise/version'

Devise.token_generator = Devise::TokenGenerator.new(
  ActiveSupport::KeyGenerator.new('of a throw-away application')
)
# The address is in libpq's own variables.
ActiveRecord::Base.establish_connection(adapter: 'postgresql')

class User < ActiveRecord::Base
  devise :database_authenticatable, :recoverable, :rememberable
end

class PepperedUser < ActiveRecord::Base
  self.table_name = 'users'
  devise :database_authenticatable, :recoverable, :rememberable, pepper: ENV.fetch('PEPPER')
end

MODELS = { 'without a pepper' => User, 'with a pepper' => PepperedUser }.freeze

def sign_up(users, email, password)
  users.create!(email: email, password: password).encrypted_password[0, 4]
end

def sign_in(users, email, password)
  user = users.find_for_database_authentication(email: email)
  return nil unless user.valid_password?(password)

  user.remember_me!
  {
    session: JSON.generate(users.serialize_into_session(user)),
    remembered: JSON.generate(users.serialize_into_cookie(user)),
    mailed: user.send(:set_reset_password_token)
  }
end

def still(users, proofs)
  {
    session: !users.serialize_from_session(*JSON.parse(proofs['session'])).nil?,
    remembered: !users.serialize_from_cookie(*JSON.parse(proofs['remembered'])).nil?,
    mailed: !users.with_reset_password_token(proofs['mailed']).nil?
  }
end

def answer(step)
  users = MODELS.fetch(step['variant'])
  case step['do']
  when 'sign-up' then sign_up(users, step['email'], step['password'])
  when 'sign-in' then sign_in(users, step['email'], step['password'])
  else still(users, step['proofs'])
  end
end

$stdout.sync = true
puts JSON.generate(version: Devise::VERSION, variants: MODELS.keys)
$stdin.each_line { |line| puts JSON.generate(answer(JSON.parse(line))) }
