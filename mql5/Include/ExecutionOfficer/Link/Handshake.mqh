//+------------------------------------------------------------------+
//|                                                    Handshake.mqh |
//| Who we are, and the proofs of it. Both sides hold the officer's  |
//| link key and prove it by HMAC-SHA256 over a role, the version,   |
//| officer, boot and both nonces; ours covers the account too, so   |
//| that nobody in between can pass one account for another. The     |
//| sidecar proves itself first.                                     |
//+------------------------------------------------------------------+
#include "..\Common\Entropy.mqh"
#include "MessagesIn.mqh"
#include "MessagesOut.mqh"
//+------------------------------------------------------------------+
//| One load of the program, as the sidecar gets to know it          |
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
//| Nobody                                                           |
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
//| A load of the program: a boot id is drawn                        |
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
//| This load's id                                                   |
//+------------------------------------------------------------------+
string CHandshake::InstanceId(void) const
  {
   return(m_instance_id);
  }
//+------------------------------------------------------------------+
//| From 0 to below 1, for back-off                                  |
//+------------------------------------------------------------------+
double CHandshake::Jitter(void)
  {
   return(m_entropy.Fraction());
  }
//+------------------------------------------------------------------+
//| A hello with a fresh nonce                                       |
//+------------------------------------------------------------------+
string CHandshake::Hello(void)
  {
   m_nonce=m_entropy.Hex(32);
   return(HelloMessage(m_officer,m_instance_id,m_nonce));
  }
//+------------------------------------------------------------------+
//| What a proof covers, one line each                               |
//+------------------------------------------------------------------+
string CHandshake::ProofText(const string role,const long version,const string nonce) const
  {
   return(role+"\n"+IntegerToString(version)+"\n"+m_officer+"\n"+m_instance_id+"\n"+m_nonce+"\n"+nonce);
  }
//+------------------------------------------------------------------+
//| Whether a challenge comes from this officer's sidecar            |
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
   problem="whoever answers is not this officer's sidecar, or has another link key";
   remedy="Compare the host, port, officer and link key inputs with the sidecar's";
   return(false);
  }
//+------------------------------------------------------------------+
//| Our half of the proof                                            |
//+------------------------------------------------------------------+
string CHandshake::Prove(const SMessage &challenge,const SAccount &account,const SLedgerIdentity &ledger,
                         const long server_ms) const
  {
   string text=ProofText("terminal",challenge.version,challenge.nonce)+"\n"+IntegerToString(account.login)
               +"\n"+account.server+"\n"+account.margin_mode+"\n"+account.trade_mode;
   return(ProveMessage(HmacText(m_key,text),account,ledger,m_program,server_ms,m_poll_interval_s));
  }
//+------------------------------------------------------------------+
