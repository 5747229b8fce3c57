//+------------------------------------------------------------------+
//|                                                    Handshake.mqh |
//| Identity of this load, and its proofs. Both sides have the       |
//| officer's link key and prove it by HMAC-SHA256 over role,        |
//| version, officer, instance id and both nonces. Our proof covers  |
//| the account too, so that nobody between can replace it by        |
//| another. The sidecar proves itself first.                        |
//+------------------------------------------------------------------+
#include "..\Common\Entropy.mqh"
#include "MessagesIn.mqh"
#include "MessagesOut.mqh"
//+------------------------------------------------------------------+
//| One load of the program towards the sidecar.                     |
//+------------------------------------------------------------------+
class CHandshake
  {
private:
   CEntropy         *m_entropy;
   string            m_officer;
   uchar             m_key[];
   string            m_instance_id;
   string            m_nonce;
   string            m_program;
   long              m_poll_interval_s;

   string            ProofText(const string role,const long version,const string nonce) const;

public:
                     CHandshake(void);
   void              Start(const string officer,const uchar &key[],const string program,const long poll_interval_s,
                           CEntropy &entropy);
   string            InstanceId(void) const;
   double            Jitter(void);
   string            Hello(void);
   bool              CheckChallenge(const SMessage &challenge,string &problem,string &remedy) const;
   string            Prove(const SMessage &challenge,const SAccount &account,const SLedgerIdentity &ledger,
                           const long server_ms) const;
  };
//+------------------------------------------------------------------+
//| Create it without an officer.                                    |
//+------------------------------------------------------------------+
CHandshake::CHandshake(void)
  {
   m_entropy=NULL;
   m_officer="";
   m_instance_id="";
   m_nonce="";
   m_program="";
   m_poll_interval_s=0;
  }
//+------------------------------------------------------------------+
//| Start a load of the program: draw an instance id.                |
//+------------------------------------------------------------------+
void CHandshake::Start(const string officer,const uchar &key[],const string program,const long poll_interval_s,
                       CEntropy &entropy)
  {
   m_entropy=GetPointer(entropy);
   m_officer=officer;
   ArrayResize(m_key,ArraySize(key));
   for(int i=0; i<ArraySize(key); i++)
      m_key[i]=key[i];
   m_instance_id=entropy.Hex(16);
   m_nonce="";
   m_program=program;
   m_poll_interval_s=poll_interval_s;
  }
//+------------------------------------------------------------------+
//| Return the instance id of this load.                             |
//+------------------------------------------------------------------+
string CHandshake::InstanceId(void) const
  {
   return(m_instance_id);
  }
//+------------------------------------------------------------------+
//| Draw a number from 0 to below 1, for back-off.                   |
//+------------------------------------------------------------------+
double CHandshake::Jitter(void)
  {
   return(m_entropy.Fraction());
  }
//+------------------------------------------------------------------+
//| Return a hello with a fresh nonce.                               |
//+------------------------------------------------------------------+
string CHandshake::Hello(void)
  {
   m_nonce=m_entropy.Hex(32);
   return(HelloMessage(m_officer,m_instance_id,m_nonce));
  }
//+------------------------------------------------------------------+
//| Return the text that a proof covers, one value per line.         |
//+------------------------------------------------------------------+
string CHandshake::ProofText(const string role,const long version,const string nonce) const
  {
   return(role+"\n"+IntegerToString(version)+"\n"+m_officer+"\n"+m_instance_id+"\n"+m_nonce+"\n"+nonce);
  }
//+------------------------------------------------------------------+
//| Return whether a challenge is from this officer's sidecar.       |
//+------------------------------------------------------------------+
bool CHandshake::CheckChallenge(const SMessage &challenge,string &problem,string &remedy) const
  {
   if(challenge.version<PROTOCOL_MIN || challenge.version>PROTOCOL_MAX)
     {
      problem="the sidecar chose version "+IntegerToString(challenge.version)+", which was not offered";
      remedy="Update the sidecar, or this program";
      return(false);
     }
   string expected=HmacText(m_key,ProofText("sidecar",challenge.version,challenge.nonce));
   if(expected!="" && SameSecret(expected,challenge.proof))
      return(true);
   problem="the peer is not this officer's sidecar, or has another link key";
   remedy="Compare the host, port, officer and link key inputs with the sidecar's configuration";
   return(false);
  }
//+------------------------------------------------------------------+
//| Return our proof.                                                |
//+------------------------------------------------------------------+
string CHandshake::Prove(const SMessage &challenge,const SAccount &account,const SLedgerIdentity &ledger,
                         const long server_ms) const
  {
   string text=ProofText("terminal",challenge.version,challenge.nonce)+"\n"+IntegerToString(account.login)
               +"\n"+account.server+"\n"+account.margin_mode+"\n"+account.trade_mode;
   return(ProveMessage(HmacText(m_key,text),account,ledger,m_program,server_ms,m_poll_interval_s));
  }
//+------------------------------------------------------------------+
